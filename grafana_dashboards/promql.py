"""Expressions in PromQL that dashboards share; every selector keeps to the gateways chosen in the dashboard.

Energy is what a counter grew by, never power over time: counters go on while nobody polls.
"""

from grafana_dashboards.queries import PromQL

KILOWATT_HOUR = "3.6e6"
"""Joules."""

ON_GRID = ("SystemGridConnected",)
SWITCHING = ("SystemTransitionToGrid", "SystemTransitionToIsland", "SystemIslandedReady")
OFF_GRID = ("SystemIslandedActive", "SystemMicroGridFaulted", "SystemWaitForUser")
"""Words of the gateway for the state of its grid connection."""


def select(metric: str, *matchers: str) -> str:
    """Return a selector for the series of a metric."""
    return metric + "{" + ", ".join(('gateway=~"$gateway"', *matchers)) + "}"


def power(meter: str) -> str:
    """Return the power at a meter now, in watts, of all gateways together."""
    return f"sum({_power(meter)})"


def mean_power(meter: str, window: str = "$__rate_interval") -> str:
    """Return the mean power at a meter over a window; by default the shortest that surely holds a sample."""
    return f"sum(avg_over_time({_power(meter)}[{window}]))"


def _power(meter: str) -> str:
    return select("powerwall_meter_power_watts", f'meter="{meter}"')


def imported(meter: str, window: str = "$__range") -> str:
    """Return the energy taken in at a meter within a window, in kWh."""
    return _energy("imported", meter, window)


def exported(meter: str, window: str = "$__range") -> str:
    """Return the energy given out at a meter within a window, in kWh."""
    return _energy("exported", meter, window)


def _energy(direction: str, meter: str, window: str) -> str:
    # The window may carry an offset, which stands behind the bracket: `1d offset -1d`.
    length, _, offset = window.partition(" ")
    counter = select(f"powerwall_meter_energy_{direction}_joules_total", f'meter="{meter}"')
    increase = f"increase({counter}[{length}]{' ' if offset else ''}{offset})"
    return f"sum({increase}) / {KILOWATT_HOUR}"


def rest(less: str, whole: str) -> str:
    """Return the part of a whole that is left without `less`, 0 to 1."""
    return f"clamp(1 - ({less}) / ({whole}), 0, 1)"


def charge() -> str:
    """Return the charge of all gateways together on the scale of Tesla's app, 0 to 1.

    Each gateway weighs as much as its battery holds; where no capacity is known, all weigh the same.
    """
    ratio = select("powerwall_battery_charge_usable_ratio")
    capacity = select("powerwall_battery_energy_capacity_joules")
    return f"sum({ratio} * {capacity}) / sum({capacity} and {ratio}) or avg({ratio})"


def usable_energy() -> str:
    """Return the energy that the batteries can still give, in joules: without the lowest 5 %, as Tesla's app counts."""
    remaining = select("powerwall_battery_energy_remaining_joules")
    capacity = select("powerwall_battery_energy_capacity_joules")
    return f"sum(clamp_min({remaining} - 0.05 * {capacity}, 0))"


def off_grid() -> str:
    """Return 1 for each gateway that is off the grid, 0 for the others."""
    return f"max by (gateway) ({select('powerwall_grid_state', _state('=~', OFF_GRID))})"


def grid_state(window: str = "") -> str:
    """Return a number for each gateway: 1 on grid, 2 switching, 3 off grid, 4 a word that is not known here.

    The state now, or the worst within a window.
    """
    known = (*ON_GRID, *SWITCHING, *OFF_GRID)
    groups = ("=~", ON_GRID), ("=~", SWITCHING), ("=~", OFF_GRID), ("!~", known)
    terms = (
        f"{number} * ({_highest(select('powerwall_grid_state', _state(operator, words)), window)} == 1)"
        for number, (operator, words) in enumerate(groups, 1)
    )
    return f"max by (gateway) ({' or '.join(terms)})"


def _state(operator: str, words: tuple[str, ...]) -> str:
    return f'state{operator}"{"|".join(words)}"'


def _highest(selector: str, window: str) -> str:
    return f"max_over_time({selector}[{window}])" if window else selector


def now(**expressions: str) -> tuple[PromQL, ...]:
    """Return queries by the name of their series for values at the end of the time range, never for older ones.

    An underscore in a name stands for a blank.
    """
    return tuple(PromQL(each, name.replace("_", " "), instant=True) for name, each in expressions.items())


def now_by(legend: str, expression: str) -> tuple[PromQL, ...]:
    """Return a query for such values of several series; the legend may name labels."""
    return (PromQL(expression, legend, instant=True),)


def over_time(*queries: tuple[str, str]) -> tuple[PromQL, ...]:
    """Return queries over the time range, each with its legend."""
    return tuple(PromQL(expression, legend) for legend, expression in queries)
