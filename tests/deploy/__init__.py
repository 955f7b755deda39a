"""What stands in deploy/ is read by the real readers of its formats, without a network, an engine or a cluster."""
