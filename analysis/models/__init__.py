"""Models of the magnetoconductance, one family of papers a file."""
