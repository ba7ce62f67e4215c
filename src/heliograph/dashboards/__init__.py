"""Dashboards in Grafana's JSON: read in every form, shown in one, kept as they came."""
