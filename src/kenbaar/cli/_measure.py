"""`kenbaar bench`: measures this machine, in a scratch folder, and prints tables of stages."""

from __future__ import annotations

import click

from kenbaar.cli._bench_copies import bench_publish_command
from kenbaar.cli._bench_leaks import bench_leaks_command
from kenbaar.cli._bench_people import bench_match_command, bench_search_command
from kenbaar.cli._bench_sweep import bench_detect_command, bench_sweep_command
from kenbaar.cli._bench_video import bench_video_command


@click.group()
def bench() -> None:
    """Measure this machine. Nothing of your archive is touched."""


for _command in (
    bench_sweep_command,
    bench_detect_command,
    bench_match_command,
    bench_search_command,
    bench_publish_command,
    bench_leaks_command,
    bench_video_command,
):
    bench.add_command(_command)
