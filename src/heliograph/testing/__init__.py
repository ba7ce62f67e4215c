"""Testing device programs without a network and without waiting: a broker in memory, a clock that jumps.

::

    from heliograph.testing import AppTest
"""

from heliograph.testing.broker import MemoryBroker
from heliograph.testing.clock import JumpingLoop
from heliograph.testing.device import AppTest

__all__ = ["AppTest", "JumpingLoop", "MemoryBroker"]
