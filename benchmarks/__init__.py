"""What the project measures about itself; each file runs as a program."""
