"""Jobs: the same settings over many rows, from files to files, lost by no crash."""
