"""One module a trace format, and the detection of formats by content."""
