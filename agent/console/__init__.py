"""`rebond console`: what a technician sees from switching a donated PC on to switching it off (Textual).

`bench` does the work and knows no widget; the screens show it and take keys. Nothing here decides about a machine.
"""
