package io.repackd.maintenance;

import io.repackd.midx.MultiPackIndex;
import io.repackd.midx.OwnerSearch;
import io.repackd.objectdir.HashAlgorithm;
import io.repackd.objectdir.ReadAccess;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.pack.PackIndex;
import io.repackd.platform.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Proves that packs can be spared: that each of their objects is in a pack which stays, is no cruft pack, is a promisor pack if and
 * only if the spared one is, and may be read by {@linkplain ReadAccess all who may read} the spared one.
 *
 * <p>The proof goes by content. The multi-pack-index, verified just before, leads to a pack that has the object; where that pack
 * is of another class, or older, the indexes of all packs of the right class are searched, the youngest first.
 *
 * <p><b>Age.</b> To {@code git gc} and {@code git prune} an object to which nothing refers is as old as the youngest pack that has it.
 * Somebody may have fetched it just now. So a pack that is spared is covered by such as are no older, as far as there are any; what only
 * {@linkplain #olderCovers older} ones have is safe in these once they are as young, as git has it that finds an object which is to be
 * written in a pack.
 */
final class Coverage {
  private static final int NONE = -1;

  private final MultiPackIndex index;
  private final HashAlgorithm hash;
  private final Cancellation cancellation;
  private final int mostReaders;
  private final Map<String, PackView> staying = new HashMap<>();

  /** By number in the index: the packs that stay. */
  private final IndexesOnDemand opened;

  /** The numbers of the packs that stay, the youngest first. */
  private final int[] youngestFirst;

  /** By number in the index: when a pack that stays last changed. */
  private final long[] modifiedSeconds;

  /** For packs that can be spared: the numbers of the older ones which they need. */
  private final Map<PackView, BitSet> older = new HashMap<>();

  /** By number in the index: what sort of packs a pack that stays and covers is of. */
  private final int[] sortOfStaying;

  private final List<CoverSort> sorts = new ArrayList<>();

  /** By number in the index: how many objects that a pack has are relied on. */
  private final LongAdder[] relied;

  /** By number in the index: one of the packs that rely on it. */
  private final @Nullable PackView[] reliant;

  /**
   * A pack that stays, and why it matters.
   *
   * @param objects how many objects are spared because it has them
   * @param reliant one of the packs that have those objects
   * @param access who may read it
   */
  record Cover(StoredPack pack, long objects, PackView reliant, ReadAccess access) {}

  /** Takes the objects that are covered, from several threads at once. */
  interface Covered {
    /**
     * Takes one object.
     *
     * @param spared the index of a pack that is to be deleted
     * @param position where that has the object
     */
    void accept(StoredPack by, PackIndex spared, long position) throws IOException;
  }

  /** Takes an object with the number of the pack that covers it, negative if none does. */
  private interface Found {
    void accept(int pack, PackIndex spared, long position, int by) throws IOException;
  }

  /** The names of the indexes of all packs that the installed index lists. */
  List<String> listed() {
    return index.packNames();
  }

  /**
   * Prepares the proof.
   *
   * @param index the installed index
   * @param packs all packs that it lists
   * @param spared those of them that are to be deleted
   * @param mostReaders the mode bits which may at most allow to read a file here: who reads what is to be deleted by other bits only
   *     has no claim to it
   * @param arena ends the mappings
   */
  Coverage(
      MultiPackIndex index,
      List<PackView> packs,
      List<PackView> spared,
      int mostReaders,
      Arena arena,
      Cancellation cancellation)
      throws IOException {
    this.index = index;
    this.hash = index.hash();
    this.mostReaders = mostReaders;
    this.cancellation = cancellation;
    Set<StoredPack> leaving = new HashSet<>();
    spared.forEach(view -> leaving.add(view.pack()));
    for (PackView view : packs) {
      if (!leaving.contains(view.pack()) && view.covers()) {
        staying.put(view.pack().indexName(), view);
      }
    }
    List<String> names = index.packNames();
    sortOfStaying = new int[names.size()];
    modifiedSeconds = new long[sortOfStaying.length];
    opened = new IndexesOnDemand(sortOfStaying.length, this::stayingPack, hash, arena);
    Map<CoverSort, Integer> numbers = new HashMap<>();
    for (int i = 0; i < sortOfStaying.length; i++) {
      PackView view = staying.get(names.get(i));
      sortOfStaying[i] = view == null ? NONE : numberOf(CoverSort.of(view.pack()), numbers);
      modifiedSeconds[i] = view == null ? 0 : view.pack().data().modifiedSeconds();
    }
    youngestFirst =
        IntStream.range(0, sortOfStaying.length)
            .filter(i -> sortOfStaying[i] != NONE)
            .boxed()
            .sorted(Comparator.comparingLong((Integer i) -> modifiedSeconds[i]).reversed())
            .mapToInt(Integer::intValue)
            .toArray();
    relied = new LongAdder[sortOfStaying.length];
    Arrays.setAll(relied, _ -> new LongAdder());
    reliant = new PackView[sortOfStaying.length];
  }

  private int numberOf(CoverSort sort, Map<CoverSort, Integer> numbers) {
    Integer known = numbers.putIfAbsent(sort, sorts.size());
    if (known != null) {
      return known;
    }
    sorts.add(sort);
    return sorts.size() - 1;
  }

  /** By sort: whether packs of it may cover a pack. */
  private boolean[] coveringSorts(PackView view) throws IOException {
    CoverSort spared = CoverSort.of(view.pack()).limitedTo(mostReaders);
    boolean[] covering = new boolean[sorts.size()];
    for (int i = 0; i < covering.length; i++) {
      covering[i] = sorts.get(i).covers(spared);
    }
    return covering;
  }

  /**
   * Looks for objects that would be lost with packs.
   *
   * @return for each pack that cannot be spared the id of its first such object, in hexadecimal form
   * @throws IOException if an index cannot be read
   */
  Map<PackView, String> uncovered(List<PackView> views) throws IOException {
    try (Arena own = Arena.ofShared()) {
      List<PackIndex> spared = open(views, own);
      long[] first = new long[spared.size()];
      Arrays.fill(first, Long.MAX_VALUE);
      BitSet[] needed = new BitSet[first.length];
      Arrays.setAll(needed, _ -> new BitSet());
      search(
          views,
          spared,
          (pack, _, position, by) -> {
            if (by == NONE) {
              synchronized (first) {
                first[pack] = Math.min(first[pack], position);
              }
            } else {
              relied[by].increment();
              reliant[by] = views.get(pack);
              if (isOlder(by, views.get(pack))) {
                synchronized (needed[pack]) {
                  needed[pack].set(by);
                }
              }
            }
          });
      Map<PackView, String> uncovered = new HashMap<>();
      for (int i = 0; i < first.length; i++) {
        older.put(views.get(i), needed[i]);
        if (first[i] != Long.MAX_VALUE) {
          uncovered.put(views.get(i), spared.get(i).idHex(first[i]));
        }
      }
      return uncovered;
    }
  }

  private boolean isOlder(int number, PackView view) {
    return modifiedSeconds[number] < view.pack().data().modifiedSeconds();
  }

  /** The packs without which a pack cannot be spared, and which are older: asked after {@link #uncovered}. */
  Set<StoredPack> olderCovers(PackView view) {
    return older.getOrDefault(view, new BitSet()).stream()
        .mapToObj(this::stayingPack)
        .collect(Collectors.toSet());
  }

  /** The packs that {@link #uncovered} relied on. */
  List<Cover> covers() {
    List<Cover> covers = new ArrayList<>();
    for (int i = 0; i < relied.length; i++) {
      PackView view = staying.get(index.packNames().get(i));
      PackView by = reliant[i];
      if (view != null && by != null) {
        covers.add(
            new Cover(view.pack(), relied[i].sum(), by, sorts.get(sortOfStaying[i]).access()));
      }
    }
    return covers;
  }

  /**
   * Goes through all objects of packs that are covered.
   *
   * @throws IOException if an index cannot be read, or the taker throws it
   */
  void forEach(List<PackView> views, Covered covered) throws IOException {
    try (Arena own = Arena.ofShared()) {
      search(
          views,
          open(views, own),
          (_, spared, position, by) -> {
            PackView view = by == NONE ? null : staying.get(index.packNames().get(by));
            if (view != null) {
              covered.accept(view.pack(), spared, position);
            }
          });
    }
  }

  private List<PackIndex> open(List<PackView> views, Arena own) throws IOException {
    List<PackIndex> opened = new ArrayList<>();
    for (PackView view : views) {
      cancellation.check();
      opened.add(PackIndex.open(view.pack().index().path(), hash, own));
    }
    return opened;
  }

  private void search(List<PackView> views, List<PackIndex> spared, Found found)
      throws IOException {
    List<boolean[]> covering = new ArrayList<>();
    for (PackView view : views) {
      covering.add(coveringSorts(view));
    }
    OwnerSearch.search(
        index,
        spared,
        (pack, position, at) ->
            found.accept(
                pack,
                spared.get(pack),
                position,
                at < 0
                    ? NONE
                    : coveredBy(
                        views.get(pack),
                        covering.get(pack),
                        spared.get(pack),
                        position,
                        index.packOf(at))),
        cancellation);
  }

  /**
   * Looks once more at the packs that stay: a proof is worth nothing if what it relies on has gone since. That a pack was
   * touched, as git does with one that holds an object which somebody writes, does no harm.
   *
   * @return what has become of the first that is not as it was; empty if all are
   */
  Optional<String> firstLost() throws IOException {
    for (PackView view : staying.values()) {
      StoredPack pack = view.pack();
      Path path = pack.data().path();
      if (!pack.data().sameFile() || !pack.index().sameFile()) {
        return Optional.of("%s is not there any more".formatted(path));
      }
      if (exists(pack, Sidecar.MTIMES)
          || exists(pack, Sidecar.PROMISOR) != pack.has(Sidecar.PROMISOR)) {
        return Optional.of("%s has become a pack of another kind".formatted(path));
      }
    }
    for (Cover cover : covers()) {
      if (!ReadAccess.of(cover.pack()).equals(cover.access())) {
        return Optional.of(
            "%s is not readable for the same people".formatted(cover.pack().data().path()));
      }
    }
    return Optional.empty();
  }

  private static boolean exists(StoredPack pack, Sidecar sidecar) {
    Path path = pack.data().path();
    return Files.exists(path.resolveSibling(pack.name() + "." + sidecar.extension()));
  }

  private int coveredBy(
      PackView view, boolean[] covering, PackIndex spared, long position, int owner)
      throws IOException {
    boolean ownerCovers = sortOfStaying[owner] != NONE && covering[sortOfStaying[owner]];
    if (ownerCovers && !isOlder(owner, view)) {
      return owner;
    }
    for (int number : youngestFirst) {
      if (ownerCovers && isOlder(number, view)) {
        return owner; // so are all that are left
      }
      if (covering[sortOfStaying[number]]
          && opened.get(number).find(spared.file(), spared.idOffset(position)) >= 0) {
        return number;
      }
    }
    return ownerCovers ? owner : NONE;
  }

  private StoredPack stayingPack(int number) {
    PackView view = staying.get(index.packNames().get(number));
    if (view == null) {
      throw new IllegalStateException("does not stay: " + index.packNames().get(number));
    }
    return view.pack();
  }
}
