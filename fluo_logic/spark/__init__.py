"""Rules on Spark: the readers run on its executors, the relational plan in its SQL."""
