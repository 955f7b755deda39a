"""Pages on which data sources are connected, uploaded, looked into, queried and looked after."""
