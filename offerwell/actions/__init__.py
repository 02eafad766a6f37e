"""What people and machines do. One use case per file; every write starts here."""
