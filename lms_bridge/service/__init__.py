"""The scheduled service: it decides when which route runs, has it run, and tells how things stand. No connector is
loaded here: a sync is a process of its own.
"""
