"""Dashboards for Grafana as definitions, and the generator that writes them as JSON files."""
