package io.repackd.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.LongStream;

/**
 * Packs of blobs which nothing refers to: as many objects as one likes, in minutes.
 *
 * @param objects how many different objects there are
 * @param copiesPerMille how many objects lie in a second pack, for each thousand; the copies are in newer packs than the
 *     originals
 * @param superseded how many of the oldest packs a last pack, the newest, has every object of; 0 for no such pack
 */
record SyntheticSample(
    String name, long objects, int packs, int copiesPerMille, PackSizes sizes, int superseded)
    implements Sample {
  private static final long SEED = 20_261_120;

  /** Beyond this a check of all objects would take minutes. */
  private static final long MAX_OBJECTS_TO_FSCK = 200_000;

  /** Which packs are checked where there are too many objects for all: the oldest, the newest and one between. */
  private static final int PACKS_TO_VERIFY = 3;

  @Override
  public void fill(Path repository, Git git) throws IOException {
    Path packDirectory = repository.resolve("objects/pack");
    Files.createDirectories(packDirectory);
    long[] firsts = firstNumbers();
    List<Path> indexes = new ArrayList<>();
    try (ExecutorService executor =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
      List<Future<Path>> written = new ArrayList<>();
      for (int pack = 0; pack < packs; pack++) {
        int number = pack;
        written.add(
            executor.submit(() ->
                SyntheticPack.write(
                    packDirectory, objectsOf(number, firsts), Sample.modified(number))));
      }
      for (Future<Path> pack : written) {
        indexes.add(pack.get());
      }
    } catch (ExecutionException e) {
      throw new IOException("cannot make %s: %s".formatted(name, e.getCause()), e);
    } catch (InterruptedException e) {
      throw new IOException("interrupted while making " + name, e);
    }
    if (superseded > 0) {
      indexes.add(
          SyntheticPack.write(packDirectory, range(0, firsts[superseded]), Sample.modified(packs)));
    }
    verify(repository, indexes, git);
  }

  private long[] firstNumbers() {
    long[] share = sizes.of(objects, packs, random(-1));
    long[] firsts = new long[packs + 1];
    for (int i = 0; i < packs; i++) {
      firsts[i + 1] = firsts[i] + share[i];
    }
    return firsts;
  }

  private static RandomGenerator random(long salt) {
    return RandomGeneratorFactory.of("L64X128MixRandom").create(SEED + salt);
  }

  /** Its own objects, then copies of objects of older packs: where git puts the bases that it adds to a thin pack. */
  private long[] objectsOf(int pack, long[] firsts) {
    long[] own = range(firsts[pack], firsts[pack + 1]);
    long older = firsts[pack];
    int wanted = (int) Math.min(own.length * (long) copiesPerMille / 1000, older);
    RandomGenerator random = random(pack);
    long[] copies =
        wanted == 0
            ? new long[0]
            : LongStream.generate(() -> random.nextLong(older)).distinct().limit(wanted).toArray();
    long[] all = Arrays.copyOf(own, own.length + copies.length);
    System.arraycopy(copies, 0, all, own.length, copies.length);
    return all;
  }

  private static long[] range(long first, long end) {
    long[] numbers = new long[Math.toIntExact(end - first)];
    Arrays.setAll(numbers, i -> first + i);
    return numbers;
  }

  private void verify(Path repository, List<Path> indexes, Git git) throws IOException {
    if (objects <= MAX_OBJECTS_TO_FSCK) {
      git.run(repository, "fsck", "--full", "--no-dangling");
      return;
    }
    for (int i = 0; i < PACKS_TO_VERIFY; i++) {
      Path index = indexes.get((indexes.size() - 1) * i / (PACKS_TO_VERIFY - 1));
      git.run(repository, "verify-pack", index.toString());
    }
  }
}
