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
import java.util.List;

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

  /** A tree of hundreds of thousands of lines. */
  private static final long MAX_TREE_BYTES = 16L << 20;

  /** Each level of a chain has a tree in memory. Git writes chains of 50, and of 250 where it is told to. */
  private static final int MAX_LEVELS = 256;

  private static final long CHECK_EVERY = 1 << 10;

  private static final int TREE = 2;

  private final EntryTable entries;
  private final CandidateIds ids;
  private final EntryChildren children;
  private final IntTable names;
  private final int hashLength;
  private final Cancellation cancellation;

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

  /** Gives the candidates their names. One that has several gets any, but always the same. */
  static void find(
      EntryTable entries, Candidates candidates, int hashLength, Cancellation cancellation)
      throws IOException {
    try (Arena scratch = Arena.ofShared()) {
      IntTable names = new IntTable(scratch, candidates.count());
      CandidateIds ids = new CandidateIds(entries, candidates, hashLength, scratch);
      EntryChildren children = trees(entries, scratch);
      NameHints hints = new NameHints(entries, ids, children, names, hashLength, cancellation);
      AllCores.forEach(PIECES, hints::readPiece);
      for (long i = 0; i < candidates.count(); i++) {
        candidates.setName(i, names.get(i));
      }
    }
  }

  private static EntryChildren trees(EntryTable entries, Arena arena) {
    EntryChildren children = new EntryChildren(entries.count(), arena);
    for (long entry = entries.count() - 1; entry >= 0; entry--) {
      if (entries.type(entry) == TREE && entries.isDelta(entry)) {
        children.add(entries.base(entry), entry);
      }
    }
    return children;
  }

  private void readPiece(int piece) throws IOException {
    long from = entries.count() * piece / PIECES;
    long to = entries.count() * (piece + 1) / PIECES;
    try (Chain chain = new Chain()) {
      for (long entry = from; entry < to; entry++) {
        if (entries.type(entry) == TREE && !entries.isDelta(entry)) {
          cancellation.check();
          chain.readFrom(entry);
        }
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

  /** A tree and those that build upon it, one upon the other. */
  private final class Chain implements AutoCloseable {
    private final DeltaChain reader = new DeltaChain();
    private final NativeBuffer instructions = new NativeBuffer();
    private final List<NativeBuffer> buffers = new ArrayList<>();
    private final List<MemorySegment> trees = new ArrayList<>();
    private final TreeLines lines = new TreeLines();
    private long[] child = new long[16];
    private long read;

    void readFrom(long root) {
      Packed packed = (Packed) entries.sources().get(entries.sourceOf(root));
      if (!isWanted(root)) {
        return;
      }
      try {
        MemorySegment tree = readRoot(packed.pack(), root);
        lines.all(tree);
        enter(0, root, tree);
      } catch (CorruptFileException e) {
        return; // whoever copies it says so
      }
      for (int level = 0; level >= 0; ) {
        long next = child[level];
        if (next == EntryChildren.NONE) {
          level--;
          continue;
        }
        child[level] = children.next(next);
        if (isWanted(next) && level + 1 < MAX_LEVELS && readChild(packed.pack(), next, level)) {
          level++;
        }
      }
    }

    /** What is not written and nothing builds upon has a copy elsewhere. */
    private boolean isWanted(long entry) {
      return entries.written(entry) || children.first(entry) != EntryChildren.NONE;
    }

    private MemorySegment readRoot(PackFile pack, long root) throws CorruptFileException {
      if (entries.storedAsDelta(root)) {
        try (Arena arena = Arena.ofConfined()) {
          MemorySegment tree = reader.read(pack, entries.sourceOffset(root), arena).content();
          return buffer(0).room(tree.byteSize()).copyFrom(tree);
        }
      }
      return reader.readBody(pack, entries.sourceOffset(root), buffer(0));
    }

    private boolean readChild(PackFile pack, long entry, int level) {
      if (++read % CHECK_EVERY == 0) {
        cancellation.check();
      }
      try {
        lines.begin();
        MemorySegment tree =
            reader.apply(
                pack,
                entries.sourceOffset(entry),
                trees.get(level),
                instructions,
                buffer(level + 1),
                lines::inserted);
        lines.ofInserted(tree);
        enter(level + 1, entry, tree);
        return tree.byteSize() <= MAX_TREE_BYTES;
      } catch (CorruptFileException e) {
        return false;
      }
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

    private NativeBuffer buffer(int level) {
      if (level == buffers.size()) {
        buffers.add(new NativeBuffer());
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
