"""The actions of ``helio board``, a module each, with ``configure(parser)`` and ``run(args) -> int``."""
