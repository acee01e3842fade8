"""Traces as columns: what a scan of large data reads in place of span objects.

`fluo_logic.facts.columnar.batch` holds the columns, `otlp` fills them from OTLP protobuf, `objects` from spans that
were read exactly, `table` joins them into one table with traces, trees and orphans, and `recall` reads the spans of a
few traces a second time, exactly.  What columns cannot say exactly is never guessed: `Unusual` sends the input to the
exact readers.
"""
