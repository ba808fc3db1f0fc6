"""Measures infilling on tasks with tests: reads tasks, asks the engine, runs what it wrote, counts.

Knows texts, tasks and outcomes; uses the engine through its public entry alone.
"""
