package io.repackd.midx;

import static java.util.Objects.requireNonNull;

import io.repackd.objectdir.BigEndian;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.CorruptFileException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Sorts the copies of one portion. The time is for one copy. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"-XX:+UseSerialGC", "-XX:+UseCompactObjectHeaders", "-Xmx96m"})
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 3)
public class SortKernel {
  private static final int COPIES = 1 << 16;
  private static final int PACKS = 316;
  private static final HashAlgorithm HASH = HashAlgorithm.SHA1;

  /** The ids that begin with a byte of zeros. */
  private static final IdRange RANGE = new IdRange(0, (1L << Long.SIZE - Byte.SIZE) - 1);

  private final Arena arena = Arena.ofShared();
  private final MemorySegment ids = arena.allocate((long) COPIES * HASH.length());
  private @Nullable Candidates candidates;

  /** Makes the ids. */
  @Setup
  public void setUp() throws CorruptFileException {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
    for (long i = 0; i < COPIES; i++) {
      BigEndian.putInt64(ids, i * HASH.length(), random.nextLong() >>> Byte.SIZE);
    }
    List<IndexedPack> packs = SyntheticIndexes.of(PACKS, 1, arena);
    PackNumbering numbering = PackNumbering.of(Optional.empty(), Set.of(), packs);
    candidates =
        new Candidates(HASH.length(), COPIES, Precedence.of(numbering, packs, _ -> 0), arena);
  }

  /** Takes all away. */
  @TearDown
  public void tearDown() {
    arena.close();
  }

  /** Sorts them. */
  @Benchmark
  @OperationsPerInvocation(COPIES)
  public long sort() {
    Candidates sorted = requireNonNull(candidates);
    sorted.begin(RANGE, COPIES);
    for (long i = 0; i < COPIES; i++) {
      sorted.count(BigEndian.int64(ids, i * HASH.length()));
    }
    sorted.allot();
    for (long i = 0; i < COPIES; i++) {
      long at = i * HASH.length();
      sorted.place(BigEndian.int64(ids, at), ids, at, (int) (i % PACKS), i);
    }
    sorted.sort();
    return sorted.copies().key(0);
  }
}
