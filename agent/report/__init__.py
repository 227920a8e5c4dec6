"""What is printed of a record. A view only: the signed record is what counts."""
