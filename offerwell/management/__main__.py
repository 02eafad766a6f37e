"""`python -m offerwell.management`: how `offerwell run` starts its parts with the same Python."""

from offerwell.management.command_line import main

main()
