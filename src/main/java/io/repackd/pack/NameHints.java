package io.repackd.pack;

import io.repackd.pack.PackSource.Packed;
import io.repackd.platform.AllCores;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Finds under which names objects lie in trees, so that a delta search compares what was once the same file. No history is
 * walked: all trees of the sources are read as they lie there, each chain of deltas from its base on. Of a tree that is a delta
 * only those lines are looked up that its base does not have.
 *
 * <p>It is for hints only: what cannot be read, or is too large, is passed over. Nothing else depends on it.
 */
final class NameHints {
  /** Enough for the cores to end together. */
  private static final int PIECES = 512;

  /** A tree, or the instructions of a delta, may take such a part of the memory for a chain. */
  private static final int LARGEST_PART = 8;

  private static final long CHECK_EVERY_BYTES = 4L << 20;

  private final EntryTable entries;
  private final CandidateIds ids;
  private final EntryChildren children;
  private final IntTable names;
  private final int hashLength;
  private final Cancellation cancellation;
  private final Queue<Long> large = new ConcurrentLinkedQueue<>();

  private NameHints(
      EntryTable entries,
      CandidateIds ids,
      EntryChildren children,
      IntTable names,
      int hashLength,
      Cancellation cancellation) {
    this.entries = entries;
    this.ids = ids;
    this.children = children;
    this.names = names;
    this.hashLength = hashLength;
    this.cancellation = cancellation;
  }

  /**
   * Gives the candidates their names. One that has several gets any, but always the same.
   *
   * @param memoryBytes how much memory the trees may take that are read at the same time; larger ones are passed over
   */
  static void find(
      EntryTable entries,
      Candidates candidates,
      int hashLength,
      long memoryBytes,
      Cancellation cancellation)
      throws IOException {
    try (Arena scratch = Arena.ofShared()) {
      IntTable names = new IntTable(scratch, candidates.count());
      CandidateIds ids = new CandidateIds(entries, candidates, hashLength, scratch);
      EntryChildren children = trees(entries, scratch);
      NameHints hints = new NameHints(entries, ids, children, names, hashLength, cancellation);
      long part = memoryBytes / Runtime.getRuntime().availableProcessors();
      AllCores.forEach(PIECES, piece -> hints.readPiece(piece, part));
      hints.readLarge(memoryBytes);
      for (long i = 0; i < candidates.count(); i++) {
        candidates.setName(i, names.get(i));
      }
    }
  }

  private static EntryChildren trees(EntryTable entries, Arena arena) {
    EntryChildren children = new EntryChildren(entries.count(), arena);
    for (long entry = entries.count() - 1; entry >= 0; entry--) {
      if (entries.type(entry) == EntryHeader.TREE && entries.isDelta(entry)) {
        children.add(entries.base(entry), entry);
      }
    }
    return children;
  }

  private void readPiece(int piece, long memoryBytes) throws IOException {
    long from = entries.count() * piece / PIECES;
    long to = entries.count() * (piece + 1) / PIECES;
    try (Chain chain = new Chain(memoryBytes)) {
      for (long entry = from; entry < to; entry++) {
        if (entries.type(entry) == EntryHeader.TREE && !entries.isDelta(entry)) {
          cancellation.check();
          if (!chain.readFrom(entry)) {
            large.add(entry);
          }
        }
      }
    }
  }

  /** One by one, each with all the memory, so that what is passed over does not depend on the number of cores. */
  private void readLarge(long memoryBytes) throws IOException {
    for (long entry : large) {
      cancellation.check();
      try (Chain chain = new Chain(memoryBytes)) {
        boolean _ = chain.readFrom(entry);
      }
    }
  }

  /**
   * Git's way to sort by name: the last characters count most, so that what has the same ending comes together, and the same
   * name most of all. Source: gitformat-pack and the documentation of {@code git pack-objects --name-hash-version}.
   */
  static int hash(MemorySegment name, long from, long to) {
    int hash = 0;
    for (long at = from; at < to; at++) {
      int octet = name.get(ValueLayout.JAVA_BYTE, at) & 0xff;
      if (octet > ' ') {
        hash = (hash >>> 2) + (octet << 24);
      }
    }
    return hash;
  }

  /**
   * A tree and those that build upon it, one upon the other. In memory is each tree upon which others build that are still to be
   * read: in a chain without branches that is one.
   */
  private final class Chain implements AutoCloseable {
    private final long memoryBytes;
    private final DeltaChain reader = new DeltaChain();
    private final NativeBuffer instructions;
    private final List<NativeBuffer> buffers = new ArrayList<>();
    private final List<MemorySegment> trees = new ArrayList<>();
    private final TreeLines lines = new TreeLines();
    private long[] child = new long[16];
    private long heldBytes;
    private long read;

    Chain(long memoryBytes) {
      this.memoryBytes = memoryBytes;
      this.instructions = new NativeBuffer(memoryBytes / LARGEST_PART);
    }

    /** Reads all of them. Returns whether there was memory enough. */
    boolean readFrom(long root) {
      heldBytes = buffers.stream().mapToLong(NativeBuffer::capacity).sum();
      Packed packed = (Packed) entries.sources().get(entries.sourceOf(root));
      if (!isWanted(root)) {
        return true;
      }
      try {
        MemorySegment tree = readRoot(packed.pack(), root);
        lines.all(tree);
        enter(0, root, tree);
      } catch (CorruptFileException e) {
        return true; // whoever copies it says so
      } catch (NativeBuffer.FullException e) {
        return false;
      }
      boolean enough = true;
      for (int level = 0; level >= 0; ) {
        long next = child[level];
        if (next == EntryChildren.NONE) {
          level--;
          continue;
        }
        child[level] = children.next(next);
        try {
          if (isWanted(next)) {
            readChild(packed.pack(), next, level);
            level = descend(level);
          }
        } catch (CorruptFileException e) {
          continue; // as above
        } catch (NativeBuffer.FullException e) {
          enough = false;
        }
      }
      return enough;
    }

    /** What is not written and nothing builds upon has a copy elsewhere. */
    private boolean isWanted(long entry) {
      return entries.written(entry) || children.first(entry) != EntryChildren.NONE;
    }

    private MemorySegment readRoot(PackFile pack, long root) throws CorruptFileException {
      long offset = entries.sourceOffset(root);
      entries.readAtRandom();
      if (!entries.storedAsDelta(root)) {
        return reader.readBody(pack, offset, buffer(0));
      }
      buffers.forEach(buffer -> buffer.releaseBeyond(0));
      MemorySegment room = buffer(0).room(reader.largestBytes(pack, offset));
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment tree = reader.read(pack, offset, arena).content();
        return room.asSlice(0, tree.byteSize()).copyFrom(tree);
      }
    }

    private void readChild(PackFile pack, long entry, int level) throws CorruptFileException {
      requireRoomAbove(level);
      entries.readAtRandom();
      NativeBuffer buffer = buffer(level + 1);
      long before = buffer.capacity();
      lines.begin();
      MemorySegment tree =
          reader.apply(
              pack,
              entries.sourceOffset(entry),
              trees.get(level),
              instructions,
              buffer,
              lines::inserted);
      heldBytes += buffer.capacity() - before;
      read += tree.byteSize() + instructions.capacity();
      if (read > CHECK_EVERY_BYTES) {
        read = 0;
        cancellation.check();
      }
      lines.ofInserted(tree);
      enter(level + 1, entry, tree);
    }

    /** Where nothing else builds upon a tree, the one that was just read takes its place. */
    private int descend(int level) {
      if (child[level] != EntryChildren.NONE) {
        return level + 1;
      }
      child[level] = child[level + 1];
      trees.set(level, trees.get(level + 1));
      Collections.swap(buffers, level, level + 1);
      return level;
    }

    private void enter(int level, long entry, MemorySegment tree) {
      if (level == child.length) {
        child = Arrays.copyOf(child, level * 2);
      }
      child[level] = children.first(entry);
      if (level == trees.size()) {
        trees.add(tree);
      } else {
        trees.set(level, tree);
      }
    }

    /** The instructions, and what comes above, need room too. */
    private void requireRoomAbove(int level) {
      if (heldBytes <= memoryBytes / 2) {
        return;
      }
      buffers.subList(level + 1, buffers.size()).forEach(buffer -> buffer.releaseBeyond(0));
      heldBytes = buffers.stream().mapToLong(NativeBuffer::capacity).sum();
      if (heldBytes > memoryBytes / 2) {
        throw new NativeBuffer.FullException(heldBytes, memoryBytes / 2);
      }
    }

    private NativeBuffer buffer(int level) {
      if (level == buffers.size()) {
        buffers.add(new NativeBuffer(memoryBytes / LARGEST_PART));
      }
      return buffers.get(level);
    }

    @Override
    public void close() {
      reader.close();
      instructions.close();
      buffers.forEach(NativeBuffer::close);
    }
  }

  /** Walks the lines of a tree: mode, blank, name, zero, id. Source: gitformat-pack names no form of them; git-mktree does. */
  private final class TreeLines {
    /** Five digits of mode, a blank, and a character of a name come before the zero. */
    private static final int LEAST_BYTES_BEFORE_ZERO = 7;

    private static final long ONES = 0x0101010101010101L;
    private static final long HIGH_BITS = 0x8080808080808080L;

    private long[] starts = new long[64];
    private long[] ends = new long[64];
    private int count;

    void begin() {
      count = 0;
    }

    void inserted(long from, long to) {
      if (count > 0 && ends[count - 1] == from) {
        ends[count - 1] = to;
        return;
      }
      if (count == starts.length) {
        starts = Arrays.copyOf(starts, count * 2);
        ends = Arrays.copyOf(ends, count * 2);
      }
      starts[count] = from;
      ends[count] = to;
      count++;
    }

    void all(MemorySegment tree) {
      begin();
      inserted(0, tree.byteSize());
      ofInserted(tree);
    }

    void ofInserted(MemorySegment tree) {
      long end = tree.byteSize();
      int part = 0;
      long line = 0;
      while (line + LEAST_BYTES_BEFORE_ZERO + hashLength < end && part < count) {
        long zero = zero(tree, line + LEAST_BYTES_BEFORE_ZERO - 1, end);
        long next = zero + 1 + hashLength;
        if (next > end) {
          return;
        }
        while (part < count && ends[part] <= line) {
          part++;
        }
        if (part < count && starts[part] < next) {
          note(tree, line, zero);
        }
        line = next;
      }
    }

    private long zero(MemorySegment tree, long from, long end) {
      long at = from;
      while (at + Long.BYTES <= end) {
        long word = tree.get(DeltaBase.WORD, at);
        long zeros = word - ONES & ~word & HIGH_BITS;
        if (zeros != 0) {
          return at + Long.numberOfTrailingZeros(zeros) / Byte.SIZE;
        }
        at += Long.BYTES;
      }
      while (at < end && tree.get(ValueLayout.JAVA_BYTE, at) != 0) {
        at++;
      }
      return at;
    }

    private void note(MemorySegment tree, long line, long zero) {
      long candidate = ids.find(tree, zero + 1);
      if (candidate < 0) {
        return;
      }
      long name = line;
      while (name < zero && tree.get(ValueLayout.JAVA_BYTE, name) != ' ') {
        name++;
      }
      names.raise(candidate, hash(tree, name + 1, zero));
    }
  }
}
