"""Many captures to one data set of Parquet files: by one process, several, or several machines."""
