"""The dashboard Home: what flows now, what today and each day brought, and how battery, grid and data are."""

from grafana_dashboards.dashboards import Dashboard
from grafana_dashboards.home.condition import BATTERIES, DATA, GRIDS, OUTAGES
from grafana_dashboards.home.energy import DAYS, TODAYS
from grafana_dashboards.home.now import NOW

DASHBOARD = Dashboard(
    topic="home",
    title="Home",
    description="What the Powerwall does for the home: power flow, energy today and by day, charge, packs, grid.",
    since="now-24h",
    rows=(NOW, TODAYS, DAYS, BATTERIES, GRIDS, DATA),
    annotations=(OUTAGES,),
)
