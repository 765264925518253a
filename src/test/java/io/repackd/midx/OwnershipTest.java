package io.repackd.midx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.repackd.midx.SyntheticIndex.Entry;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.pack.CorruptFileException;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who owns an object, compared with a model that asks one pack after the other. */
class OwnershipTest {
  private static final HashAlgorithm HASH = HashAlgorithm.SHA1;

  @TempDir Path directory;

  /** How the ids of a trial are chosen. */
  enum Ids {
    EVEN(""),
    OF_ONE_FIRST_BYTE("5c"),
    OF_ONE_BEGINNING("5c5c5c5c5c5c5c5c"),
    ALIKE_BUT_FOR_THE_END("5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c"),
    ALL_ONES("ffffffffffffffff");

    private final String beginning;

    Ids(String beginning) {
      this.beginning = beginning;
    }

    String next(Random random) {
      byte[] rest = new byte[20 - beginning.length() / 2];
      random.nextBytes(rest);
      return beginning + HexFormat.of().formatHex(rest);
    }
  }

  /** A pack of a trial. */
  private record Pack(
      String name, List<Entry> entries, long modifiedSeconds, long rank, boolean preferred) {
    String indexName() {
      return name + ".idx";
    }

    IndexedPack open(Arena arena) throws IOException {
      IndexedPack pack =
          new IndexedPack(
              indexName(), SyntheticIndex.open(indexName(), entries, arena), modifiedSeconds, rank);
      return preferred ? pack.asPreferred() : pack;
    }
  }

  /** Where an object is to be read. */
  private record Owner(String indexName, long offset) {}

  @ParameterizedTest
  @EnumSource
  void isThatOfTheModel(Ids ids) throws Exception {
    compareWithModel(ids, 1);
  }

  @ParameterizedTest
  @EnumSource
  void goesByRankFirst(Ids ids) throws Exception {
    compareWithModel(ids, 4);
  }

  private void compareWithModel(Ids ids, int ranks) throws IOException {
    for (int trial = 0; trial < 40; trial++) {
      long seed = 20261121L + trial;
      Random random = new Random(seed);
      List<String> universe = new ArrayList<>();
      for (int i = 0; i < 1 + random.nextInt(4000); i++) {
        universe.add(ids.next(random));
      }
      List<Pack> first = packs("a", universe, random, false, ranks);
      List<Pack> second = packs("b", universe, random, random.nextBoolean(), ranks);
      Map<String, Owner> model = new HashMap<>();
      Path installed = directory.resolve("%s-%d-%d-1".formatted(ids, ranks, trial));
      Map<String, Long> rankOf = new HashMap<>();
      first.forEach(pack -> rankOf.put(pack.indexName(), pack.rank));
      write(installed, Optional.empty(), first, rankOf);
      choose(model, first, rankOf);
      assertThat(owners(installed)).as("%s, seed %d, first", ids, seed).isEqualTo(model);

      Path next = directory.resolve("%s-%d-%d-2".formatted(ids, ranks, trial));
      write(next, Optional.of(installed), second, rankOf);
      second.forEach(pack -> rankOf.put(pack.indexName(), pack.rank));
      choose(model, second, rankOf);
      assertThat(owners(next)).as("%s, seed %d, second", ids, seed).isEqualTo(model);
    }
  }

  /** A few packs, one of which may have nearly everything, with some objects twice and some offsets beyond 4 GiB. */
  private static List<Pack> packs(
      String prefix, List<String> universe, Random random, boolean preferred, int ranks) {
    List<Pack> packs = new ArrayList<>();
    int count = 1 + random.nextInt(12);
    for (int number = 0; number < count; number++) {
      int share = random.nextInt(4) == 0 ? 95 : random.nextInt(30);
      TreeMap<String, List<Entry>> entries = new TreeMap<>();
      long offset = 12;
      for (String id : universe) {
        if (random.nextInt(100) < share) {
          offset += random.nextInt(50) == 0 ? 1L << 30 : 20;
          entries.computeIfAbsent(id, _ -> new ArrayList<>()).add(new Entry(id, offset));
          if (random.nextInt(40) == 0) {
            offset += 20;
            entries.get(id).add(new Entry(id, offset));
          }
        }
      }
      List<Entry> inOrder = new ArrayList<>();
      entries.values().forEach(inOrder::addAll);
      packs.add(
          new Pack(
              "pack-%s%02d".formatted(prefix, number),
              inOrder,
              1_000 + random.nextInt(5),
              random.nextInt(ranks),
              preferred && number == 0));
    }
    return packs;
  }

  /**
   * The highest rank wins, and else by git's rule: what is listed loses, then the newest wins, then the first by name; of a pack's own
   * copies the first.
   */
  private static void choose(Map<String, Owner> model, List<Pack> added, Map<String, Long> rankOf) {
    List<Pack> bestLast =
        added.stream()
            .sorted(
                Comparator.comparing(Pack::preferred)
                    .thenComparing(Pack::rank)
                    .thenComparing(Pack::modifiedSeconds)
                    .thenComparing(Pack::name, Comparator.reverseOrder()))
            .toList();
    for (Pack pack : bestLast) {
      for (Entry entry : pack.entries.reversed()) {
        Owner before = model.get(entry.id());
        if (before == null
            || pack.preferred
            || rankOf.getOrDefault(before.indexName, 0L) <= pack.rank) {
          model.put(entry.id(), new Owner(pack.indexName(), entry.offset()));
        }
      }
    }
  }

  private static void write(Path file, Optional<Path> existing, List<Pack> packs)
      throws IOException {
    write(file, existing, packs, Map.of());
  }

  private static void write(
      Path file, Optional<Path> existing, List<Pack> packs, Map<String, Long> rankOf)
      throws IOException {
    try (Arena arena = Arena.ofShared();
        FileChannel channel =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      List<IndexedPack> added = new ArrayList<>();
      for (Pack pack : packs) {
        added.add(pack.open(arena));
      }
      Optional<MultiPackIndex> base = Optional.empty();
      if (existing.isPresent()) {
        base = Optional.of(MultiPackIndex.open(existing.get(), HASH, arena));
      }
      new MultiPackIndexWriter(HASH, new Cancellation())
          .write(channel, base, Set.of(), added, name -> rankOf.getOrDefault(name, 0L));
    }
  }

  private static Map<String, Owner> owners(Path file) throws IOException {
    Map<String, Owner> owners = new HashMap<>();
    try (Arena arena = Arena.ofConfined()) {
      MultiPackIndex index = MultiPackIndex.open(file, HASH, arena);
      assertThat(index.checksumMatches(new Cancellation())).isTrue();
      for (long position = 0; position < index.objects(); position++) {
        owners.put(
            index.idHex(position),
            new Owner(index.packNames().get(index.packOf(position)), index.packOffset(position)));
        assertThat(index.find(index.ids(), index.idOffset(position))).isEqualTo(position);
      }
      assertThat(owners).hasSize((int) index.objects());
    }
    return owners;
  }

  @Test
  void aTableInDisorderIsNotCarriedOver() {
    Random random = new Random(7);
    List<Entry> large = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      large.add(new Entry(Ids.EVEN.next(random), 12 + i * 20L));
    }
    large.sort(Comparator.comparing(Entry::id));
    for (int trial = 0; trial < 60; trial++) {
      List<Entry> entries = new ArrayList<>();
      for (int i = 0; i < 3000; i++) {
        entries.add(new Entry(Ids.EVEN.next(random), 12 + i * 20L));
      }
      entries.sort(Comparator.comparing(Entry::id));
      int from = random.nextInt(3000);
      int to = random.nextInt(3000);
      if (from == to) {
        continue;
      }
      Entry moved = entries.get(from);
      entries.set(from, entries.get(to));
      entries.set(to, moved);
      Pack pack = new Pack("pack-x", entries, 1, 0, false);
      // Beside a large pack it is not the base of the merge.
      Pack other = new Pack("pack-y", trial % 2 == 0 ? List.of() : large, 1, 0, false);
      Path file = directory.resolve("disorder-" + trial);
      assertThatThrownBy(() -> write(file, Optional.empty(), List.of(pack, other)))
          .as("%d and %d exchanged", from, to)
          .isInstanceOf(CorruptFileException.class)
          .hasMessageContaining("pack-x.idx")
          .hasMessageContaining("is not in its place");
    }
  }

  @Test
  void manyIdsThatBeginAlikeAreRefused() {
    Random random = new Random(8);
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < 200_000; i++) {
      entries.add(new Entry(Ids.OF_ONE_BEGINNING.next(random), 12 + i * 20L));
    }
    entries.sort(Comparator.comparing(Entry::id));
    Pack pack = new Pack("pack-x", entries, 1, 0, false);
    assertThatThrownBy(() -> write(directory.resolve("alike"), Optional.empty(), List.of(pack)))
        .isInstanceOf(CorruptFileException.class)
        .hasMessageContaining("200000 ids begin with 5c5c5c5c5c5c5c5c");
  }

  @Test
  void theOwnersOfAllObjectsOfManyPacksAreFound() throws Exception {
    Random random = new Random(9);
    List<String> universe = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      universe.add(Ids.EVEN.next(random));
    }
    List<Pack> packs = packs("a", universe, random, false, 1);
    List<Pack> asked = packs("b", universe.subList(2000, 5000), random, false, 1);
    Path file = directory.resolve("owners");
    write(file, Optional.empty(), packs);
    Map<String, Owner> owners = owners(file);
    try (Arena arena = Arena.ofShared()) {
      MultiPackIndex index = MultiPackIndex.open(file, HASH, arena);
      List<PackIndex> indexes = new ArrayList<>();
      for (Pack pack : asked) {
        indexes.add(pack.open(arena).index());
      }
      Map<String, String> answers = new ConcurrentHashMap<>();
      OwnerSearch.search(
          index,
          indexes,
          (pack, position, found) ->
              answers.put(
                  indexes.get(pack).idHex(position),
                  found < 0 ? "none" : index.packNames().get(index.packOf(found))),
          new Cancellation());
      Map<String, String> expected = new HashMap<>();
      for (Pack pack : asked) {
        for (Entry entry : pack.entries) {
          Owner owner = owners.get(entry.id());
          expected.put(entry.id(), owner == null ? "none" : owner.indexName());
        }
      }
      assertThat(answers).isEqualTo(expected);
    }
  }
}
