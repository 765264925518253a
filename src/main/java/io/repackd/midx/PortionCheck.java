package io.repackd.midx;

import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import java.lang.foreign.Arena;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Checks the objects of a multi-pack-index whose ids lie in one range. They are put together by pack, and then each pack's index
 * is walked beside those which it is said to have: thousands of packs are looked at one after the other, and not all at once.
 */
final class PortionCheck {
  /** How many objects are checked in one go, to lie in the cache meanwhile. */
  static final long MAX_OBJECTS = 1L << 17;

  private final MultiPackIndex index;
  private final IdRange range;
  private final CopyTable copies;
  private final Bins owners;
  private final Faults faults;
  private final Cancellation cancellation;
  private final long start;
  private final long end;

  /** Room for the objects of one range, put together by pack. Used for one range after another. */
  static final class Room {
    private final CopyTable copies;
    private final Bins packs;

    Room(MultiPackIndex index, long capacity, Arena arena) {
      copies = new CopyTable(index.hash().length(), capacity, arena);
      packs = new Bins(index.packNames().size(), arena);
    }
  }

  PortionCheck(
      MultiPackIndex index, IdRange range, Room room, Faults faults, Cancellation cancellation) {
    this.index = index;
    this.range = range;
    this.copies = room.copies;
    this.owners = room.packs;
    this.faults = faults;
    this.cancellation = cancellation;
    this.start = range.start(index);
    this.end = start + range.count(index);
  }

  /**
   * Checks them.
   *
   * @param packs by number; null where a pack is not to be looked at, or has a fault already
   */
  void run(@Nullable ListedPack[] packs) {
    try {
      group();
    } catch (MalformedIndexException e) {
      faults.add(new Fault(e.type(), e.file(), e.getMessage()));
      return;
    } catch (CorruptFileException e) {
      faults.add(new Fault(Fault.Type.OBJECT_ORDER, e.file(), e.getMessage()));
      return;
    }
    for (int number = 0; number < packs.length; number++) {
      ListedPack pack = packs[number];
      if (pack == null || owners.start(number) == owners.end(number) || pack.isKnownDamaged()) {
        continue;
      }
      try {
        checkOwner(pack, owners.start(number), owners.end(number));
      } catch (CorruptFileException e) {
        faults.add(new Fault(Fault.Type.PACK_INDEX, e.file(), e.getMessage()));
      }
    }
  }

  /** Checks the order of the ids, and sorts the objects by pack. */
  private void group() throws CorruptFileException {
    OrderCheck order = new OrderCheck(index, start, false);
    owners.begin(index.packNames().size());
    for (long position = start; position < end; position++) {
      order.repeats(position, index.key(position));
      owners.add(index.packOf(position));
    }
    order.end(end);
    owners.allot();
    for (long position = start; position < end; position++) {
      copies.set(
          owners.next(index.packOf(position)),
          index.ids(),
          index.idOffset(position),
          (int) (position - start),
          index.packOffset(position));
    }
  }

  /** What is passed over has to be in order too, and so does what comes after the last object: readers search among it. */
  private void checkOwner(ListedPack pack, long from, long to) throws CorruptFileException {
    PackIndex ids = pack.index();
    long cursor = range.start(ids);
    long last = range.end(ids);
    OrderCheck order = new OrderCheck(ids, cursor, true);
    for (long i = from; i < to; i++) {
      long key = copies.key(i);
      for (; cursor < last; cursor++) {
        long passed = ids.key(cursor);
        int keys = Long.compareUnsigned(passed, key);
        if (keys > 0 || (keys == 0 && compare(i, ids, cursor) <= 0)) {
          break;
        }
        order.repeats(cursor, passed);
      }
      checkOffset(i, pack, cursor, last);
    }
    for (; cursor < last; cursor++) {
      order.repeats(cursor, ids.key(cursor));
    }
    order.end(last);
  }

  /** Checks an object's offset; if its pack has it, the cursor is at the first copy. */
  private void checkOffset(long i, ListedPack pack, long cursor, long last)
      throws CorruptFileException {
    PackIndex ids = pack.index();
    if (cursor >= last || compare(i, ids, cursor) != 0) {
      addDisagreement(i, pack, () -> "is said to be in %s, and is not".formatted(ids.path()));
      return;
    }
    long offset = copies.offset(i);
    // A pack may hold an object twice, and its index lists both.
    for (long at = cursor; at < last; at++) {
      if (ids.packOffset(at) == offset) {
        pack.requireRoom(at, offset);
        return;
      }
      if (at + 1 == last || compare(i, ids, at + 1) != 0) {
        break;
      }
    }
    long begins = ids.packOffset(cursor);
    addDisagreement(
        i,
        pack,
        () ->
            "is said to begin at %d of %s, and begins at %d".formatted(offset, ids.path(), begins));
  }

  private int compare(long i, PackIndex ids, long cursor) {
    return copies.compareId(i, ids.file(), ids.idOffset(cursor));
  }

  /** If the pack's index is damaged, that is the fault, and the other may be right. */
  private void addDisagreement(long i, ListedPack pack, Supplier<String> what)
      throws CorruptFileException {
    Optional<CorruptFileException> damage = pack.damage(cancellation);
    if (damage.isPresent()) {
      throw damage.get();
    }
    if (faults.wants(Fault.Type.OFFSET)) {
      long position = start + copies.number(i);
      faults.addOwn(
          Fault.Type.OFFSET,
          "object %d, %s, %s".formatted(position, index.idHex(position), what.get()));
    }
  }
}
