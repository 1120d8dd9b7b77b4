"""How readings leave: line protocol, a Prometheus page, OTLP; none of them knows a metric by name."""
