"""How the lake's layout was chosen: the case table written in other ways, with the size of each and the seconds that its decoding takes.

In: a bench project with a loaded case table (`cases-N-3000`, see main.py). Out: a table on standard output. Never here: the lake itself, which
is only read.

    layout.py PROJECT [--times 3]

pyarrow decodes, texts as dictionaries, two files at a time; kaohe's own decoder is another one, so that only the ratios say something.
"""
import argparse
import concurrent.futures
import pathlib
import statistics
import tempfile
import time

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from case_table import live_files

NOT_READ = {"case_id", "source_file", "source_line", "load_batch"}
AS_IT_IS = {"compression": "zstd", "compression_level": 1, "row_group_size": 256 << 10}
WAYS = {
    "as the lake is: zstd 1, 262 144 rows a group, by unit": AS_IT_IS,
    "zstd 3": AS_IT_IS | {"compression_level": 3},
    "zstd 9": AS_IT_IS | {"compression_level": 9},
    "lz4": AS_IT_IS | {"compression": "lz4", "compression_level": None},
    "snappy": AS_IT_IS | {"compression": "snappy", "compression_level": None},
    "not compressed": AS_IT_IS | {"compression": "none", "compression_level": None},
    "32 768 rows a group": AS_IT_IS | {"row_group_size": 32 << 10},
    "1 048 576 rows a group": AS_IT_IS | {"row_group_size": 1 << 20},
    "without dictionaries": AS_IT_IS | {"use_dictionary": False},
    "by day": AS_IT_IS,
}


def write(path, target, way, name):
    table = pq.read_table(path, partitioning=None)
    if name == "by day":
        table = table.take(pc.sort_indices(table, sort_keys=[("opened_on", "ascending"), ("unit_id", "ascending")]))
    pq.write_table(table, target, **way)


def decode(path):
    schema = pq.read_schema(path)
    columns = [field.name for field in schema if field.name not in NOT_READ]
    texts = [field.name for field in schema if pa.types.is_string(field.type) and field.name in columns]
    return pq.ParquetFile(path, read_dictionary=texts).read(columns, use_threads=False).num_rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("project", type=pathlib.Path)
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    print("| way | MB | decoded in, s |\n|---|---|---|")
    with tempfile.TemporaryDirectory(dir=arguments.project) as folder, concurrent.futures.ThreadPoolExecutor(2) as two:
        for name, way in WAYS.items():
            targets = []
            for number, path in enumerate(live_files(arguments.project / "lake/cases")):
                targets.append(pathlib.Path(folder) / f"{number}.parquet")
                write(path, targets[-1], way, name)
            seconds = []
            for _ in range(arguments.times):
                begun = time.perf_counter()
                list(two.map(decode, targets))
                seconds.append(time.perf_counter() - begun)
            size = sum(target.stat().st_size for target in targets) / 1e6
            print(f"| {name} | {size:.0f} | {statistics.median(seconds):.2f} |", flush=True)


main()
