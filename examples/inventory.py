"""A shop's stock: what lies where, what is reserved, and what has to be ordered again."""

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass
class Item:
    """One kind of thing on the shelf."""

    sku: str
    name: str
    price_cents: int
    quantity: int = 0
    reorder_below: int = 5


@dataclass
class Inventory:
    """Items by their stock-keeping unit, with the quantities that customers have reserved."""

    items: dict[str, Item] = field(default_factory=dict)
    reserved: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, item: Item) -> None:
        """Put an item on the shelf; more of one that is there raises its quantity."""
        if item.sku in self.items:
            self.items[item.sku].quantity += item.quantity
        else:
            self.items[item.sku] = item

    def available(self, sku: str) -> int:
        """How many can still be reserved."""
        return self.items[sku].quantity - self.reserved[sku]

    def reserve(self, sku: str, quantity: int) -> None:
        """Set some aside for a customer."""
        if quantity > self.available(sku):
            raise ValueError(f"only {self.available(sku)} of {sku} are available")
        self.reserved[sku] += quantity

    def ship(self, sku: str, quantity: int) -> int:
        """Send reserved items off; returns their price in cents."""
        if quantity > self.reserved[sku]:
            raise ValueError(f"only {self.reserved[sku]} of {sku} are reserved")
        item = self.items[sku]
        item.quantity -= quantity
        self.reserved[sku] -= quantity
        return item.price_cents * quantity

    def to_reorder(self) -> list[Item]:
        """Items that have run low, the scarcest first."""
        low = [item for item in self.items.values() if item.quantity < item.reorder_below]
        return sorted(low, key=lambda item: item.quantity)

    def value_cents(self) -> int:
        """What everything on the shelf is worth."""
        return sum(item.price_cents * item.quantity for item in self.items.values())


def report(inventory: Inventory) -> str:
    """A table of the stock, one line for each item."""
    lines = []
    for item in sorted(inventory.items.values(), key=lambda item: item.name):
        marker = "!" if item.quantity < item.reorder_below else " "
        lines.append(f"{marker} {item.sku:<10} {item.name:<24} {item.quantity:>5}")
    return "\n".join(lines)
