"""Import members or codes from a CSV file."""
