"""The live stream: every watcher of a run sees every event, in order, exactly once (docs/reference/live-stream.md).

A `Hub` per web process reads new events once for everybody; a `RunWatch` is one watcher's place in them; sockets,
event streams and polls are three ways to hand out the same frames.
"""
