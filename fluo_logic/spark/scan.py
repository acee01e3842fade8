"""A check on Spark: rules are run where the spans are, and only the traces of failing scopes come back."""

from __future__ import annotations

import pickle
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import broadcast, col

from fluo_logic.facts.dataset import Dataset, assemble
from fluo_logic.facts.progress import Progress, silent
from fluo_logic.facts.readers.sources import Source
from fluo_logic.facts.store import FactStore, lookup
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.logic import Program, RulePlan
from fluo_logic.report.missing import attributes_named
from fluo_logic.scan import Scanned, ScannedRule
from fluo_logic.spark import executors
from fluo_logic.spark.counts import RuleCount, count, traces_of, wanted
from fluo_logic.spark.executors import Assembling, InputRead, Told, spans_of, task_of
from fluo_logic.spark.rows import STRUCTURAL, Layout
from fluo_logic.spark.run import Run
from fluo_logic.spark.session import open_session, told
from fluo_logic.translate.relational import to_plan
from fluo_logic.translate.relational_spark import SparkPlan, for_spark

FILES_IN_TASK: Final = 1
MOST_TASKS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Lacking:
    """Counts the attributes that rules name and spans lack; ``named`` is of each rule as `attributes_named` has it."""

    named: tuple[Mapping[str, frozenset[str]], ...]

    def __call__(self, store: FactStore) -> tuple[Mapping[str, int], ...]:
        """Return for each rule how many spans lack each attribute."""
        return tuple(
            {
                key: sum(
                    lookup(store.spans[span], key) is None for name in names for span in store.by_name.get(name, ())
                )
                for key, names in keys.items()
            }
            for keys in self.named
        )


@dataclass(frozen=True, slots=True)
class Read:
    """The spans on the executors, as they were read and as rows, and what reading them told the driver."""

    table: DataFrame
    layout: Layout
    inputs: tuple[InputRead, ...]
    told: tuple[Told, ...]
    unsound: frozenset[str]

    def close(self) -> None:
        """Let go of the spans."""
        self.table.unpersist()

    def fetch(self, traces: Iterable[str] | None) -> Dataset:
        """Return traces, or all, as a data set with what was read of all inputs."""
        chunks = self.table.where(col("kind") == executors.SPANS)
        if traces is not None:
            ids = chunks.sparkSession.createDataFrame([(trace,) for trace in sorted(traces)], "trace string")
            chunks = chunks.join(broadcast(ids), "trace", "left_semi")
        with told():
            rows = chunks.select("data").collect()
        problems = [problem for read in self.inputs for problem in read.problems]
        return assemble(spans_of(row[0] for row in rows), problems, [read.summary for read in self.inputs])


def scan(
    sources: Iterable[Source],
    rules: Ruleset,
    program: Program,
    progress: Progress = silent,
    session: SparkSession | None = None,
) -> Scanned | Dataset:
    """Check rules on Spark; where the scope of all traces fails, return all data as a data set instead.

    Raises:
        UnsupportedError: a clause has no relational form, or none in Spark SQL.
        ConfigError: Spark cannot be started, or a job fails.
    """
    clock = time.perf_counter()
    plan = to_plan(program, wanted(program))
    spark_plan = for_spark(plan)
    own = open_session(session)
    progress("reading on Spark")
    read = read_on(own, sources, rules, spark_plan)
    reading = time.perf_counter()
    run = Run(own, spark_plan, read.layout, read.table.where(col("kind") == executors.ROW))
    try:
        progress(f"checking {sum(part.spans for part in read.told):,} spans on Spark")
        counts = count(run, program)
        traces = traces_of(run, program, counts)
        if traces is None:
            return read.fetch(None)
        scanning = time.perf_counter()
        dataset = _failed(read, traces)
    finally:
        run.close()
        read.close()
    seconds = {"read": reading - clock, "scan": scanning - reading, "read failures": time.perf_counter() - scanning}
    return Scanned(
        spans=sum(part.spans for part in read.told),
        traces=sum(part.traces for part in read.told),
        rules=tuple(
            _rule(plan, result, _missing(read.told, number), dataset)
            for number, (plan, result) in enumerate(zip(program.rules, counts, strict=True))
        ),
        dataset=dataset,
        seconds=seconds,
    )


def read_on(session: SparkSession, sources: Iterable[Source], rules: Ruleset, spark_plan: SparkPlan) -> Read:
    """Read inputs on the executors."""
    tasks = [task_of(source, number) for number, source in enumerate(sources)]
    named = tuple({key: frozenset(names) for key, names in attributes_named(rule).items()} for rule in rules.rules)
    plan = spark_plan.plan
    layout = Layout(
        structural=tuple(name for name in STRUCTURAL if name in plan.structural),
        spans=plan.spans,
        events=plan.events if spark_plan.reads_events else None,
        links=spark_plan.reads_links,
    )
    read = _read(session, tasks, Assembling(layout, Lacking(named)))
    if any(part.wide for part in read.told):
        read.close()
        read = _read(session, tasks, Assembling(replace(layout, wide=True), Lacking(named)))
    return read


def _read(session: SparkSession, tasks: Sequence[executors.Task], assembling: Assembling) -> Read:
    with told():
        pickled = [(pickle.dumps(task),) for task in tasks]
        slices = max(1, min(len(tasks), MOST_TASKS))
        described = session.createDataFrame(session.sparkContext.parallelize(pickled, slices), "task binary")
        spans = described.mapInArrow(executors.read, executors.READ_SCHEMA)
        number = int(session.conf.get("spark.sql.shuffle.partitions") or 200)
        whole = spans.repartition(number, "trace").sortWithinPartitions("trace")
        table = whole.mapInArrow(assembling, assembling.schema).persist(StorageLevel.MEMORY_AND_DISK)
        kinds = (executors.INPUT, executors.TRACES, executors.UNSOUND)
        rows = table.where(col("kind").isin(*kinds)).select("kind", "trace", "data").collect()
    inputs: list[InputRead] = []
    parts: list[Told] = []
    unsound: set[str] = set()
    for kind, trace, data in rows:
        match kind:
            case executors.INPUT:
                inputs.append(pickle.loads(data))  # noqa: S301 - written by an executor
            case executors.TRACES:
                parts.append(pickle.loads(data))  # noqa: S301 - likewise
            case _:
                unsound.add(trace)
    inputs.sort(key=lambda read: read.place)
    return Read(table, assembling.layout, tuple(inputs), tuple(parts), frozenset(unsound))


def _failed(read: Read, traces: set[str]) -> Dataset:
    """Return the traces of failing scopes, with what is known of all the data."""
    both = read.fetch(traces | read.unsound)
    kept = [span for span in both.spans if span.trace_id in traces]
    return replace(
        assemble(kept),
        inputs=both.inputs,
        problems=both.problems,
        merged=sum(part.merged for part in read.told),
        differing=sum(part.differing for part in read.told),
        orphans=sum(part.orphans for part in read.told),
        latest=max((part.latest for part in read.told if part.latest is not None), default=None),
    )


def _missing(parts: Iterable[Told], number: int) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for part in parts:
        counted.update(part.missing[number])
    return {key: lacking for key, lacking in sorted(counted.items()) if lacking}


def _rule(plan: RulePlan, result: RuleCount, missing: Mapping[str, int], dataset: Dataset) -> ScannedRule:
    failing: frozenset[int | str] = frozenset(result.failing)
    if plan.scope_kind == "per trace":
        order = {trace_id: number for number, trace_id in enumerate(dataset.traces)}
        failing = frozenset(order[trace_id] for trace_id in result.failing)
    return ScannedRule(result.scopes, result.matches, result.active, result.failures, failing, missing)
