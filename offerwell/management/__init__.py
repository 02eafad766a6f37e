"""DOOR: the command line. Nothing is loaded before it is called: Django imports this package by itself."""


def main() -> None:
    """The `offerwell` command."""
    from offerwell.management.command_line import main as run

    run()
