package io.repackd.maintenance;

import io.repackd.objectdir.PackKind;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.BootClock.Moment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * That a pack is superseded by another: its objects have been copied to one that says so ({@link SupersededPacks}). It waits
 * for deletion, and nobody takes objects from it any more.
 *
 * <p>What was bundled is superseded as a whole, and rounds of aggregation delete it. What was repacked is so only as far as no other pack had its objects: a
 * multi-pack-index leads to those, and it is the cycle that deletes it. The index lists it no more when it takes nothing from it ({@link RepackedPacks}).
 *
 * <p>A pack which is kept, is a cruft pack, has a bitmap, or is of the other promisor class is not superseded, whatever is said
 * of it. Neither is one that is not older than what supersedes it: git touches a pack when somebody writes an object that is in
 * it, and that it was wanted just now would be forgotten with it. So what supersedes is always the younger, and no two packs
 * can be the reason for each other's deletion.
 *
 * <p>It has been superseded since the first pack that says so became visible, and that is there still, be it superseded itself
 * by now: in a stream of pushes a bundle goes into a larger one within a minute, and what waits would begin to wait anew each
 * time. Whoever listed the packs meanwhile knows that first one, and it stays for as long as a pack superseded since then does.
 *
 * @param by the pack that has its objects, and is not superseded as a whole itself if there is such a one
 * @param claims what says so, in no order: one claim at least
 * @param whole whether that pack has all of its objects
 */
public record Supersession(StoredPack by, List<Claim> claims, boolean whole) {
  public Supersession {
    claims = List.copyOf(claims);
  }

  /** As a whole, by one pack alone. */
  Supersession(StoredPack by, Moment written, Instant published) {
    this(by, List.of(new Claim(written, published)), true);
  }

  /**
   * What a pack says of those that it supersedes.
   *
   * @param written when that was written
   * @param published when the pack became visible, at the latest: its index was renamed and given its permissions then
   */
  public record Claim(Moment written, Instant published) {
    /**
     * How old it is. After a boot there is nobody left who could have listed the packs before; but two machines may share a disk,
     * so the file's own time counts too. That alone would not do, because clocks are set.
     */
    private Duration age(Instant now, Moment moment) {
      Duration visible = Duration.between(published, now);
      if (!written.bootId().equals(moment.bootId())) {
        return visible;
      }
      Duration running = moment.sinceBoot().minus(written.sinceBoot());
      // A container may have a clock of its own, that begins with it: a time to come is another's.
      return running.isNegative() || running.compareTo(visible) > 0 ? visible : running;
    }
  }

  /** How long it has been so. */
  Duration age(Instant now, Moment moment) {
    return claims.stream()
        .map(claim -> claim.age(now, moment))
        .max(Comparator.naturalOrder())
        .orElseThrow();
  }

  /**
   * Finds those among packs that were listed together, by their names. Where several claim a pack, one counts that is not
   * superseded itself.
   */
  static Map<String, Supersession> among(List<StoredPack> packs) throws IOException {
    Map<String, StoredPack> byName = new HashMap<>();
    packs.forEach(pack -> byName.put(pack.name(), pack));
    Map<String, Supersession> found = new HashMap<>();
    // The youngest first: then whatever supersedes a pack is known when its own claim is read.
    List<StoredPack> youngestFirst =
        packs.stream()
            .filter(pack -> SupersededPacks.mayBeNamedBy(pack.sidecars().keySet()))
            .filter(pack -> !pack.has(Sidecar.MTIMES))
            .sorted((a, b) -> Long.compare(b.data().modifiedSeconds(), a.data().modifiedSeconds()))
            .toList();
    for (StoredPack by : youngestFirst) {
      Optional<SupersededPacks> claim = SupersededPacks.of(by);
      if (claim.isPresent()) {
        add(by, claim.get(), byName, found);
      }
    }
    return found;
  }

  private static void add(
      StoredPack by,
      SupersededPacks claim,
      Map<String, StoredPack> byName,
      Map<String, Supersession> found)
      throws IOException {
    Optional<Instant> published = changed(by.index().path());
    if (published.isEmpty()) {
      return;
    }
    Claim made = new Claim(claim.written(), published.get());
    claim.packs().forEach(name -> add(by, made, byName.get(name), true, found));
    claim.repacked().forEach(name -> add(by, made, byName.get(name), false, found));
  }

  private static void add(
      StoredPack by,
      Claim made,
      @Nullable StoredPack pack,
      boolean whole,
      Map<String, Supersession> found) {
    if (pack == null || !canSupersede(by, pack)) {
      return;
    }
    Supersession younger = found.get(pack.name());
    if (younger == null || (whole && !younger.whole())) {
      found.put(pack.name(), new Supersession(by, List.of(made), whole));
    } else if (whole == younger.whole()) {
      List<Claim> claims = new ArrayList<>(younger.claims());
      claims.add(made);
      StoredPack lasting = isWhole(found.get(by.name())) ? younger.by() : by;
      found.put(pack.name(), new Supersession(lasting, claims, whole));
    }
  }

  /** Whether a pack has been superseded as a whole: by what is known of it, if anything is. */
  static boolean isWhole(@Nullable Supersession supersession) {
    return supersession != null && supersession.whole();
  }

  /** When a file was last renamed or given permissions; nobody can set that. */
  private static Optional<Instant> changed(Path file) throws IOException {
    try {
      return Files.getAttribute(file, "unix:ctime", LinkOption.NOFOLLOW_LINKS)
              instanceof FileTime time
          ? Optional.of(time.toInstant())
          : Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /** The names of the indexes of those packs which are superseded. */
  static Set<String> indexNamesAmong(List<StoredPack> packs) throws IOException {
    return among(packs).keySet().stream().map(name -> name + ".idx").collect(Collectors.toSet());
  }

  /** How many packs each supersedes, by name; none that supersedes nothing. */
  static Map<String, Long> counts(Collection<Supersession> supersessions) {
    return supersessions.stream()
        .collect(Collectors.groupingBy(each -> each.by().name(), Collectors.counting()));
  }

  static boolean canSupersede(StoredPack by, StoredPack pack) {
    return !pack.has(Sidecar.KEEP)
        && !pack.has(Sidecar.MTIMES)
        && !pack.has(Sidecar.BITMAP)
        && classOf(by) == classOf(pack)
        && by.data().modifiedSeconds() > pack.data().modifiedSeconds();
  }

  /** Promisor or ordinary, whether it is kept or not. */
  static PackKind classOf(StoredPack pack) {
    return pack.has(Sidecar.PROMISOR) ? PackKind.PROMISOR : PackKind.ORDINARY;
  }
}
