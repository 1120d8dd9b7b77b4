"""Flavours of a dashboard and how each spells a query in Grafana's JSON; knows no panel and no metric.

A panel carries its queries by flavour: another query language is another class with a `target` and another entry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

Node: TypeAlias = dict[str, object]
"""An object of Grafana's JSON."""

DATA_SOURCE_UID = "${datasource}"
"""The variable: a dashboard works with any data source of its type, imported or provisioned."""


class Query(Protocol):
    """What a panel asks; `may_be_empty` gives the reason where no answer is a good answer."""

    @property
    def may_be_empty(self) -> str:
        """Return the reason, or nothing."""
        ...

    def target(self) -> Node:
        """Return the query as a panel spells it, without its letter."""
        ...

    def annotation(self) -> Node:
        """Return the query as an annotation spells it."""
        ...


Queries: TypeAlias = Mapping[str, Sequence[Query]]
"""The queries of a panel by the name of the flavour."""


@dataclass(frozen=True)
class PromQL:
    """A query over the time range of the panel, or at its end: `instant`, for values that must be of now."""

    expression: str
    legend: str = "__auto"
    instant: bool = False
    may_be_empty: str = ""

    def target(self) -> Node:
        """Return the query as a panel spells it, without its letter."""
        return {
            "datasource": PROMETHEUS.data_source,
            "expr": self.expression,
            "legendFormat": self.legend,
            "editorMode": "code",
            "instant": self.instant,
            "range": not self.instant,
        }

    def annotation(self) -> Node:
        """Return the query as an annotation spells it."""
        return {
            "datasource": PROMETHEUS.data_source,
            "expr": self.expression,
            "step": "60s",
            "useValueForTime": False,
        }


@dataclass(frozen=True)
class Flavour:
    """A kind of data source, and what makes its dashboards differ beside the queries."""

    name: str
    data_source_type: str
    title_suffix: str
    uid_suffix: str
    gateways: str | Node
    """The query of the variable `gateway`."""
    gateways_definition: str
    """The same in one line, as Grafana's list of variables shows it."""

    @property
    def data_source(self) -> Node:
        """Return the reference to the data source that panels and queries carry."""
        return {"type": self.data_source_type, "uid": DATA_SOURCE_UID}


_LABEL_VALUES = "label_values(powerwall_up, gateway)"

PROMETHEUS = Flavour(
    name="prometheus",
    data_source_type="prometheus",
    title_suffix="",
    uid_suffix="",
    gateways={"qryType": 1, "query": _LABEL_VALUES, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
    gateways_definition=_LABEL_VALUES,
)

FLAVOURS = (PROMETHEUS,)


def asked(*, prometheus: Sequence[PromQL]) -> Queries:
    """Return the queries of a panel, one sequence for each flavour."""
    return {PROMETHEUS.name: tuple(prometheus)}
