package io.repackd.midx;

import static java.util.Objects.requireNonNull;

import io.repackd.objectdir.HashAlgorithm;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What takes the time of a multi-pack-index, one by one. All times are for one object. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"-XX:+UseSerialGC", "-XX:+UseCompactObjectHeaders", "-Xmx96m"})
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 3)
public class IndexKernels {
  private static final int OBJECTS = 1 << 20;
  private static final HashAlgorithm HASH = HashAlgorithm.SHA1;

  /** How many packs the objects are in. */
  @Param({"16", "316", "3000"})
  public int packs;

  private final Arena arena = Arena.ofShared();
  private final Cancellation never = new Cancellation();
  private List<IndexedPack> indexes = List.of();
  private Path file = Path.of("");
  private @Nullable MultiPackIndex written;
  private MemorySegment wanted = MemorySegment.NULL;

  /** Makes the indexes, a multi-pack-index over them, and ids to look for. */
  @Setup
  public void setUp() throws IOException {
    indexes = SyntheticIndexes.of(packs, OBJECTS / packs, arena);
    file = Files.createTempFile("kernels-", ".multi-pack-index");
    merge();
    MultiPackIndex index = MultiPackIndex.open(file, HASH, arena);
    wanted = arena.allocate((long) OBJECTS * HASH.length());
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
    for (long i = 0; i < OBJECTS; i++) {
      long position = random.nextLong(index.objects());
      MemorySegment.copy(
          index.ids(), index.idOffset(position), wanted, i * HASH.length(), HASH.length());
    }
    written = index;
  }

  /** Takes all away. */
  @TearDown
  public void tearDown() throws IOException {
    arena.close();
    Files.delete(file);
  }

  /** Merges the ids and writes the index, checksum included, into the page cache. */
  @Benchmark
  @OperationsPerInvocation(OBJECTS)
  public long merge() throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      return new MultiPackIndexWriter(HASH, never)
          .write(channel, Optional.empty(), Set.of(), indexes)
          .bytes();
    }
  }

  /** Computes the trailing checksum. */
  @Benchmark
  @OperationsPerInvocation(OBJECTS)
  public boolean checksum() {
    return requireNonNull(written).checksumMatches(never);
  }

  /** Finds objects that are there, in no order. */
  @Benchmark
  @OperationsPerInvocation(OBJECTS)
  public long lookup() {
    MultiPackIndex index = requireNonNull(written);
    long sum = 0;
    for (long i = 0; i < OBJECTS; i++) {
      sum += index.find(wanted, i * HASH.length());
    }
    return sum;
  }
}
