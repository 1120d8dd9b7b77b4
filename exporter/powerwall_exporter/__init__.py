"""Metrics of a Tesla Powerwall energy gateway for Telegraf, Prometheus and OpenTelemetry."""

__version__ = "0.1.0"
