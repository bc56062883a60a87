"""Who runs what where: one request at a time, in this process or in a worker."""
