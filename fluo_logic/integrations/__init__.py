"""Where others call fluo: test runners and the OpenTelemetry SDK.  Each module needs the package it is for."""
