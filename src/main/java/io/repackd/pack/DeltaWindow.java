package io.repackd.pack;

import io.repackd.pack.PackSource.Packed;
import io.repackd.platform.Cancellation;
import java.io.IOException;
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
 * <p>A base near the end of the longest chain allowed is less worth than another, so the delta upon it has to be the shorter. A
 * base that served is kept longer.
 */
final class DeltaWindow implements AutoCloseable {
  private static final int PIECE_BYTES = 1 << 16;

  /** A base more than so many times larger has little in common with the object. */
  private static final int MOST_TIMES_LARGER = 32;

  private final EntryTable entries;
  private final KeptChains kept;
  private final DeltaSearchSettings settings;
  private final FoundDeltas found;
  private final int hashLength;
  private final long memoryBytes;
  private final Cancellation cancellation;

  private final EntryHeader header = new EntryHeader();
  private final DeltaChain reader = new DeltaChain();
  private final EntryChecksum crc = new EntryChecksum();
  private final NativeBuffer applied = new NativeBuffer();
  private final Deflater deflater;
  private byte[] compressed = new byte[PIECE_BYTES];
  private DeltaEncoder encoder;
  private DeltaEncoder best;

  /** The nearest first. */
  private final List<Member> members = new ArrayList<>();

  private final List<Member> spare = new ArrayList<>();
  private long deltas;

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

  /**
   * An empty window.
   *
   * @param memoryBytes how much memory its objects may take
   */
  DeltaWindow(
      EntryTable entries,
      KeptChains kept,
      DeltaSearchSettings settings,
      FoundDeltas found,
      int hashLength,
      int compressionLevel,
      long memoryBytes,
      Cancellation cancellation) {
    this.entries = entries;
    this.kept = kept;
    this.settings = settings;
    this.found = found;
    this.hashLength = hashLength;
    this.memoryBytes = memoryBytes;
    this.cancellation = cancellation;
    this.deflater = new Deflater(compressionLevel);
    this.encoder = new DeltaEncoder(cancellation);
    this.best = new DeltaEncoder(cancellation);
  }

  /** How many deltas were found. */
  long deltas() {
    return deltas;
  }

  /** Looks at the next candidate. */
  void add(long entry) throws IOException {
    cancellation.check();
    int source = entries.sourceOf(entry);
    Packed packed = (Packed) entries.sources().get(source);
    header.read(packed.pack(), entries.sourceOffset(entry));
    long bytes = header.size();
    if (DeltaBase.memoryFor(bytes) > memoryBytes / 2) {
      return;
    }
    Member member = spare.isEmpty() ? new Member() : spare.removeLast();
    member.base.setContent(read(packed.pack(), entry, member.base.buffer()));
    member.entry = entry;
    member.source = source;
    member.tried = kept.tried(source);
    member.depth = 0;
    int height = kept.height(entry);
    Member base = height < settings.depth() ? findBase(member, height) : null;
    if (base != null && note(member, base, packed)) {
      deltas++;
      member.depth = base.depth + 1;
      members.remove(base);
      members.addFirst(base);
    }
    if (member.depth < settings.depth()) {
      members.addFirst(member);
    } else {
      spare.add(member);
    }
    shrink();
  }

  private MemorySegment read(PackFile pack, long entry, NativeBuffer buffer)
      throws CorruptFileException {
    MemorySegment content = reader.readBody(pack, entries.sourceOffset(entry), buffer);
    if (pack.index().hasCrc32()) {
      long start = entries.sourceOffset(entry);
      int source = entries.sourceOf(entry);
      crc.reset();
      crc.update(
          pack.data(),
          start,
          entries.sourceEnd(source, (Packed) entries.sources().get(source), entry) - start);
      if (crc.value() != pack.index().crc32(entries.position(entry))) {
        throw header.fault(
            pack, "it does not match its checksum in %s".formatted(pack.index().path()));
      }
    }
    return content;
  }

  /** The base of the shortest delta, which is left in the best encoder. */
  private @Nullable Member findBase(Member target, int height) {
    Member found = null;
    long bytes = target.bytes();
    for (Member member : members) {
      if (entries.type(member.entry) != entries.type(target.entry)) {
        break;
      }
      if (member.depth + 1 + height > settings.depth()
          || (member.tried && member.source == target.source)
          || bytes < member.bytes() / MOST_TIMES_LARGER) {
        continue;
      }
      long limit = limit(bytes, member, found);
      if (bytes - member.bytes() >= limit || limit <= 0) {
        continue;
      }
      int length = encoder.encode(member.base, target.base.content(), (int) limit);
      if (length >= 0) {
        found = member;
        DeltaEncoder other = best;
        best = encoder;
        encoder = other;
      }
    }
    return found;
  }

  private long limit(long bytes, Member member, @Nullable Member found) {
    long most = found == null ? bytes / 2 - hashLength : best.delta().byteSize() - 1;
    int reference = found == null ? 0 : found.depth;
    return most * (settings.depth() - member.depth) / (settings.depth() - reference);
  }

  /** Notes a delta, unless it is no shorter than the object as it is, once both are compressed. */
  private boolean note(Member target, Member base, Packed packed) throws IOException {
    MemorySegment delta = best.delta();
    int end = compress(delta);
    long start = entries.sourceOffset(target.entry);
    long whole = entries.sourceEnd(target.source, packed, target.entry) - start;
    if (end - FoundDeltas.Delta.START + hashLength >= whole) {
      return false;
    }
    MemorySegment result = DeltaChain.applyMade(base.base.content(), delta, applied);
    if (result.mismatch(target.base.content()) != -1) {
      throw new IllegalStateException(
          "a delta does not give object %s".formatted(entries.idHex(target.entry)));
    }
    applied.releaseBeyond(PIECE_BYTES);
    long place = found.add(new FoundDeltas.Delta((int) delta.byteSize(), compressed, end));
    entries.setFound(target.entry, base.entry, place);
    return true;
  }

  private int compress(MemorySegment delta) {
    ByteBuffer input = delta.asByteBuffer();
    deflater.reset();
    deflater.setInput(input);
    deflater.finish();
    int end = FoundDeltas.Delta.START;
    while (!deflater.finished()) {
      if (end == compressed.length) {
        compressed = Arrays.copyOf(compressed, end * 2);
      }
      end += deflater.deflate(compressed, end, compressed.length - end);
    }
    return end;
  }

  private void shrink() {
    long memory = 0;
    int kept = 0;
    for (Member member : members) {
      memory += DeltaBase.memoryFor(member.bytes());
      if (kept > 0 && (kept >= settings.window() || memory > memoryBytes)) {
        break;
      }
      kept++;
    }
    while (members.size() > kept) {
      spare.add(members.removeLast());
    }
  }

  /** Begins anew: what comes is not compared with what came. */
  void clear() {
    spare.addAll(members);
    members.clear();
  }

  @Override
  public void close() {
    clear();
    spare.forEach(member -> member.base.close());
    encoder.close();
    best.close();
    applied.close();
    reader.close();
    deflater.end();
  }
}
