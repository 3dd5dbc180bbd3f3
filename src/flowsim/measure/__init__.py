"""What a replication amounts to, from its trajectory and specification alone; never an engine."""
