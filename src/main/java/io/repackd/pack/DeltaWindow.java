package io.repackd.pack;

import io.repackd.pack.PackSource.Packed;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * Compares candidates, one after the other, with those that came just before: git's sliding window. What is found is checked:
 * the delta is applied, and has to give the object. For one thread.
 *
 * <p>The shortest delta is not the best one if its base has a long chain: {@link LinkPrice} says what a link is worth. A base that
 * served is kept longer.
 */
final class DeltaWindow implements AutoCloseable {
  /** What a window takes besides its objects: inflater, deflater, and the little that is kept of buffers. */
  private static final long TOOLS_BYTES = 1 << 19;

  /** Larger memory is given back before the next object. */
  private static final int KEPT_BYTES = 1 << 15;

  /**
   * How many times an object is in memory while it is compared, besides its place in the window: as it is read, a base, a delta and
   * what they give; later two deltas, and what one of them gives.
   */
  private static final int TIMES_WORKED_ON = 4;

  /** A base more than so many times larger has little in common with the object. */
  private static final int MOST_TIMES_LARGER = 32;

  private final EntryTable entries;
  private final DeltaDepths depths;
  private final DeltaSearchSettings settings;
  private final FoundDeltas found;
  private final Proposals proposals;
  private final int hashLength;
  private long memoryBytes;
  private final Cancellation cancellation;

  private final EntryHeader header = new EntryHeader();
  private final DeltaChain reader = new DeltaChain();
  private final EntryChecksum crc = new EntryChecksum();
  private final NativeBuffer applied = new NativeBuffer();
  private final Deflater deflater;
  private byte[] compressed = new byte[KEPT_BYTES];
  private DeltaEncoder encoder;
  private DeltaEncoder best;

  /** The nearest first. */
  private final List<Member> members = new ArrayList<>();

  private final List<Member> spare = new ArrayList<>();

  /** All that have memory, also one at which an exception was thrown. */
  private final List<Member> all = new ArrayList<>();

  /** An object in the window. */
  private static final class Member {
    private final DeltaBase base = new DeltaBase();
    private long entry;
    private int source;
    private boolean tried;
    private int depth;

    long bytes() {
      return base.content().byteSize();
    }
  }

  /** An empty window, of which {@link #clear} says how much memory it may take. */
  DeltaWindow(
      EntryTable entries,
      DeltaDepths depths,
      DeltaSearchSettings settings,
      FoundDeltas found,
      Proposals proposals,
      int hashLength,
      int compressionLevel,
      Cancellation cancellation) {
    this.entries = entries;
    this.depths = depths;
    this.settings = settings;
    this.found = found;
    this.proposals = proposals;
    this.hashLength = hashLength;
    this.cancellation = cancellation;
    this.deflater = new Deflater(compressionLevel);
    this.encoder = new DeltaEncoder(cancellation);
    this.best = new DeltaEncoder(cancellation);
  }

  /** Looks at the next candidate. */
  void add(long candidate, long entry) throws IOException {
    cancellation.check();
    int source = entries.sourceOf(entry);
    Packed packed = (Packed) entries.sources().get(source);
    releaseTools();
    long largest = reader.largestBytes(packed.pack(), entries.sourceOffset(entry));
    if (alone(largest) + DeltaBase.memoryFor(largest) > memoryBytes) {
      return;
    }
    shrink(memoryBytes - alone(largest));
    Member member = take();
    member.entry = entry;
    member.source = source;
    member.base.setContent(read(packed, member));
    member.tried = packed.searched() && !entries.storedAsDelta(entry);
    member.depth = depths.depth(entry);
    int height = depths.height(entry);
    Member base = height < settings.depth() ? findBase(member, height) : null;
    if (base != null && propose(candidate, member, base, packed)) {
      member.depth = base.depth + 1;
      members.remove(base);
      members.addFirst(base);
    }
    if (member.depth < settings.depth()) {
      members.addFirst(member);
    } else {
      evict(member);
    }
  }

  /** How much memory is needed for an object of a length while it is compared, if none is in the window. */
  private static long alone(long bytes) {
    return TOOLS_BYTES + DeltaBase.memoryFor(bytes) + TIMES_WORKED_ON * NativeBuffer.enough(bytes);
  }

  /** How much memory a window can use, whose objects have so many bytes at most. */
  static long useful(int window, long bytes) {
    return alone(bytes) + window * DeltaBase.memoryFor(bytes);
  }

  private Member take() {
    if (!spare.isEmpty()) {
      return spare.removeLast();
    }
    Member member = new Member();
    all.add(member);
    return member;
  }

  private void evict(Member member) {
    if (spare.isEmpty()) {
      member.base.release();
    } else {
      member.base.releaseAll();
    }
    spare.add(member);
  }

  private MemorySegment read(Packed packed, Member member) throws CorruptFileException {
    PackFile pack = packed.pack();
    long start = entries.sourceOffset(member.entry);
    NativeBuffer buffer = member.base.buffer();
    if (entries.storedAsDelta(member.entry)) {
      try (Arena arena = Arena.ofConfined()) {
        DeltaChain.Whole whole = reader.read(pack, start, arena);
        DeltaChain.requireId(whole, pack, start, entries.idHex(member.entry));
        return buffer.room(whole.content().byteSize()).copyFrom(whole.content());
      }
    }
    check(packed, member, start);
    return reader.readBody(pack, start, buffer);
  }

  /** What becomes a delta is not checked when it is copied. */
  private void check(Packed packed, Member member, long start) throws CorruptFileException {
    PackFile pack = packed.pack();
    if (!pack.index().hasCrc32()) {
      return;
    }
    crc.reset();
    crc.update(pack.data(), start, entries.sourceEnd(member.source, packed, member.entry) - start);
    if (crc.value() != pack.index().crc32(entries.position(member.entry))) {
      throw new CorruptFileException(
          pack.path(),
          "entry at %d does not match its checksum in %s".formatted(start, pack.index().path()));
    }
  }

  /** The base of the best delta, which is left in the best encoder: the shortest, with the price of the base's chain. */
  private @Nullable Member findBase(Member target, int height) throws CorruptFileException {
    Member found = null;
    long bytes = target.bytes();
    long most = mostForDelta(target);
    int type = entries.type(target.entry);
    long price = LinkPrice.bytes(type, bytes, 1 + depths.above(target.entry));
    long toBeat = costNow(target, most, price);
    for (Member member : members) {
      if (entries.type(member.entry) != type) {
        break;
      }
      if (member.depth + 1 + height > settings.depth()
          || (member.tried && member.source == target.source)
          || bytes < member.bytes() / MOST_TIMES_LARGER) {
        continue;
      }
      long limit = Math.min(most, toBeat - 1 - price * member.depth);
      if (bytes - member.bytes() >= limit || limit <= 0) {
        continue;
      }
      int length = encoder.encode(member.base, target.base.content(), (int) limit);
      if (length >= 0) {
        found = member;
        toBeat = length + price * member.depth;
        DeltaEncoder other = best;
        best = encoder;
        encoder = other;
      }
    }
    return found;
  }

  /** The length of the delta that there is, with the price of what it is built upon; a whole object has any delta instead. */
  private long costNow(Member target, long mostForDelta, long price) {
    return entries.isDelta(target.entry)
        ? mostForDelta + 1 + price * (target.depth - 1)
        : Long.MAX_VALUE;
  }

  /** How long a delta may be, in bytes: half the object; but one that there is has to be improved upon. */
  private long mostForDelta(Member target) throws CorruptFileException {
    if (!entries.isDelta(target.entry)) {
      return target.bytes() / 2 - hashLength;
    }
    Packed packed = (Packed) entries.sources().get(target.source);
    header.read(packed.pack(), entries.sourceOffset(target.entry));
    return Math.min(header.size() - 1, target.bytes());
  }

  /** Proposes a delta, unless it is no shorter than the entry as it is, once both are compressed. */
  private boolean propose(long candidate, Member target, Member base, Packed packed)
      throws IOException {
    long now = bytesNow(target, packed);
    MemorySegment delta = best.delta();
    int end = compress(delta);
    if (end - FoundDeltas.Delta.START + hashLength >= now) {
      return false;
    }
    MemorySegment result = DeltaChain.applyMade(base.base.content(), delta, applied);
    if (result.mismatch(target.base.content()) != -1) {
      throw new IllegalStateException(
          "a delta does not give object %s".formatted(entries.idHex(target.entry)));
    }
    long place = found.add(new FoundDeltas.Delta((int) delta.byteSize(), compressed, end));
    proposals.set(candidate, base.entry, place);
    return true;
  }

  /** How many bytes an object takes if no delta is found: a delta that cannot be kept does not count. */
  private long bytesNow(Member target, Packed packed) {
    if (entries.base(target.entry) == EntryTable.REWRITE) {
      return compress(target.base.content()) - FoundDeltas.Delta.START;
    }
    return entries.sourceEnd(target.source, packed, target.entry)
        - entries.sourceOffset(target.entry);
  }

  private int compress(MemorySegment content) {
    ByteBuffer input = content.asByteBuffer();
    deflater.reset();
    deflater.setInput(input);
    deflater.finish();
    int end = FoundDeltas.Delta.START;
    while (!deflater.finished()) {
      cancellation.check();
      if (end == compressed.length) {
        compressed = Arrays.copyOf(compressed, end * 2);
      }
      end += deflater.deflate(compressed, end, compressed.length - end);
    }
    return end;
  }

  /** Keeps the nearest, as many as are compared, and have no more memory than so much. */
  private void shrink(long mostBytes) {
    long memory = 0;
    int kept = 0;
    for (Member member : members) {
      memory += DeltaBase.memoryFor(member.bytes());
      if (kept >= settings.window() || memory > mostBytes) {
        break;
      }
      kept++;
    }
    while (members.size() > kept) {
      evict(members.removeLast());
    }
  }

  private void releaseTools() {
    encoder.releaseBeyond(KEPT_BYTES);
    best.releaseBeyond(KEPT_BYTES);
    applied.releaseBeyond(KEPT_BYTES);
    if (compressed.length > KEPT_BYTES) {
      compressed = new byte[KEPT_BYTES];
    }
  }

  /**
   * Begins anew: what comes is not compared with what came.
   *
   * @param memoryBytes how much memory may be taken from now on. What is found depends on it
   */
  void clear(long memoryBytes) {
    this.memoryBytes = memoryBytes;
    releaseTools();
    while (!members.isEmpty()) {
      evict(members.removeLast());
    }
  }

  /** How many bytes are taken from the system for objects and deltas. */
  long nativeBytes() {
    long bytes = encoder.nativeBytes() + best.nativeBytes() + applied.capacity();
    for (Member member : all) {
      bytes += member.base.nativeBytes();
    }
    return bytes;
  }

  @Override
  public void close() {
    all.forEach(member -> member.base.close());
    encoder.close();
    best.close();
    applied.close();
    reader.close();
    deflater.end();
  }
}
