"""The inventory: takes signed records, keeps them for ever, shows them. Never the facts of this PC, never erases."""
