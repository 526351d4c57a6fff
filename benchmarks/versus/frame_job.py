"""One job of frame.py in a process of its own: frame_job.py ENGINE JOB FOLDER THREADS RUNS; prints JSON: the best wall and CPU milliseconds,
the peak of memory in MB, and the answer's rows as text, numbers to nine digits."""
import json
import os
import pathlib
import resource
import sys
import time

TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")
IMPORTS = {"headrace": "headrace", "duckdb": "duckdb", "polars": "polars", "datafusion": "datafusion", "pandas": "pandas"}
QUERIES = pathlib.Path(__file__).resolve().parents[2] / "tests" / "spec" / "sql" / "tpch"
TINY = "select l_returnflag, sum(l_quantity) as q from lineitem group by l_returnflag order by l_returnflag"


def statements(query):
    """Intervals as every engine takes them, views apart from the query."""
    parts = [part.strip() for part in query.replace("day (3)", "day").split(";")]
    return [part for part in parts if part and not part.startswith("drop")]


class Headrace:
    def __init__(self, files, threads):
        import headrace

        self.module, self.files, self.threads, self.version = headrace, files, threads, headrace.__version__

    def rows(self, query):
        frame = self.module.sql(query, self.files).collect(threads=self.threads)
        return [list(row.values()) for row in frame.to_dicts()]


class DuckDB:
    def __init__(self, files, threads):
        import duckdb

        self.version, self.connection = duckdb.__version__, duckdb.connect()
        self.connection.execute(f"set threads = {threads}")
        for name, file in files.items():
            self.connection.execute(f"create view {name} as from '{file}'")

    def rows(self, query):
        for part in statements(query):
            self.connection.execute(part.replace("create view", "create or replace view"))
        return [list(row) for row in self.connection.fetchall()]


class Polars:
    def __init__(self, files, threads):
        os.environ["POLARS_MAX_THREADS"] = str(threads)
        import polars

        self.version = polars.__version__
        self.context = polars.SQLContext({name: polars.scan_parquet(file) for name, file in files.items()})

    def rows(self, query):
        *views, last = statements(query)
        if views:
            head, body = views[0].split(" as\n", 1)
            last = f"with {head.removeprefix('create view')} as ({body}) {last}"
        return [list(row) for row in self.context.execute(last).collect().rows()]


class DataFusion:
    def __init__(self, files, threads):
        import datafusion

        self.version = datafusion.__version__
        config = datafusion.SessionConfig().with_target_partitions(threads)
        self.context = datafusion.SessionContext(config)
        for name, file in files.items():
            self.context.register_parquet(name, file)

    def rows(self, query):
        *views, last = statements(query)
        for view in views:
            self.context.sql(view.replace("create view", "create or replace view")).collect()
        batches = self.context.sql(last).collect()
        return [list(row.values()) for batch in batches for row in batch.to_pylist()]


ENGINES = {"headrace": Headrace, "duckdb": DuckDB, "polars": Polars, "datafusion": DataFusion}


def text_of(value):
    if value is None or isinstance(value, str):
        return value
    try:
        return f"{float(value):.9g}"
    except (TypeError, ValueError):
        return str(value)[:10]


def main():
    engine, job, folder, threads, runs = sys.argv[1:]
    if job == "import":
        begun = time.perf_counter()
        module = __import__(IMPORTS[engine])
        wall = (time.perf_counter() - begun) * 1e3
        return {"wall": wall, "cpu": wall, "answer": None, "version": module.__version__}
    files = {name: str(pathlib.Path(folder) / f"{name}.parquet") for name in TABLES}
    made = ENGINES[engine](files, int(threads))
    query = TINY if job == "tiny" else (QUERIES / f"{job}.sql").read_text()
    walls, cpus, rows = [], [], None
    for _ in range(int(runs)):
        wall, cpu = time.perf_counter(), time.process_time()
        rows = made.rows(query)
        walls.append((time.perf_counter() - wall) * 1e3)
        cpus.append((time.process_time() - cpu) * 1e3)
    return {"wall": min(walls), "cpu": min(cpus), "answer": [[text_of(value) for value in row] for row in rows], "version": made.version}


if __name__ == "__main__":
    result = main()
    result["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result))
