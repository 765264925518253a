package io.repackd.maintenance;

import io.repackd.objectdir.FileStamp;
import io.repackd.objectdir.PackDirectoryListing;
import io.repackd.objectdir.Sidecar;
import io.repackd.objectdir.StoredPack;
import io.repackd.platform.BootClock.Moment;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What our {@code .baddeltas} and {@code .supersedes} files say: which packs the one beside them has made superfluous. To git only
 * matters whether there is a {@code .baddeltas} file; so a pack that was searched for deltas says it in one of the other kind.
 *
 * <pre>
 * repackd 1
 * boot=4e1c0b2a-…
 * uptime=86400.25
 * pack pack-1f2e…
 * repacked pack-9a40…
 * </pre>
 *
 * <p>It is a claim, and no more: each pack is compared with those that have its objects before it is deleted. Names are only
 * compared with those of packs that were listed, and lead nowhere.
 *
 * @param written when, just before the pack became visible
 * @param packs the names of the packs that it has all objects of, without extension
 * @param repacked the names of the packs of which it has what no other had
 */
record SupersededPacks(Moment written, List<String> packs, List<String> repacked) {
  private static final String FIRST_LINE = "repackd 1";

  private static final Pattern SECONDS = Pattern.compile("uptime=(\\d{1,12}(\\.\\d{1,3})?)");

  private static final String BOOT = "boot=";

  private static final String PACK = "pack ";

  private static final String REPACKED = "repacked ";

  private static final String DATA = ".pack";

  private static final int HEAD_LINES = 3;

  /**
   * A thousand names, the most that a round takes where nobody says otherwise, and more than a hundred times as many that had been
   * superseded before. What such a file says is held on the heap of the daemon, which is small.
   */
  private static final int MAX_BYTES = 8 << 20;

  SupersededPacks {
    packs = List.copyOf(packs);
    repacked = List.copyOf(repacked);
  }

  /** One that has all objects of what it names. */
  SupersededPacks(Moment written, List<String> packs) {
    this(written, packs, List.of());
  }

  /** The same, but that nothing is said any more of some that it has repacked. */
  SupersededPacks withoutRepacked(Set<String> names) {
    return new SupersededPacks(
        written, packs, repacked.stream().filter(name -> !names.contains(name)).toList());
  }

  /** The names of all packs that it speaks of. */
  List<String> all() {
    return Stream.concat(packs.stream(), repacked.stream()).toList();
  }

  String render() {
    StringBuilder text = new StringBuilder(FIRST_LINE).append('\n');
    text.append(BOOT).append(written.bootId()).append('\n');
    text.append(
        String.format(
            Locale.ROOT,
            "uptime=%d.%03d\n",
            written.sinceBoot().toSeconds(),
            written.sinceBoot().toMillisPart()));
    packs.forEach(pack -> text.append(PACK).append(pack).append('\n'));
    repacked.forEach(pack -> text.append(REPACKED).append(pack).append('\n'));
    return text.toString();
  }

  /** Reads back what {@link #render} wrote; empty for anything else. */
  static Optional<SupersededPacks> parse(String text) {
    if (!text.endsWith("\n")) {
      return Optional.empty();
    }
    Iterator<String> lines = text.lines().iterator();
    List<String> head = new ArrayList<>();
    while (head.size() < HEAD_LINES && lines.hasNext()) {
      head.add(lines.next());
    }
    if (head.size() < HEAD_LINES
        || !head.get(0).equals(FIRST_LINE)
        || !head.get(1).startsWith(BOOT)
        || head.get(1).length() == BOOT.length()) {
      return Optional.empty();
    }
    Matcher seconds = SECONDS.matcher(head.get(2));
    if (!seconds.matches()) {
      return Optional.empty();
    }
    List<String> packs = new ArrayList<>();
    List<String> repacked = new ArrayList<>();
    while (lines.hasNext()) {
      String line = lines.next();
      if (line.startsWith(PACK)) {
        packs.add(line.substring(PACK.length()));
      } else if (line.startsWith(REPACKED)) {
        repacked.add(line.substring(REPACKED.length()));
      } else {
        return Optional.empty();
      }
    }
    long millis = new BigDecimal(seconds.group(1)).movePointRight(3).longValueExact();
    return Optional.of(
        new SupersededPacks(
            new Moment(head.get(1).substring(BOOT.length()), Duration.ofMillis(millis)),
            packs,
            repacked));
  }

  /** Reads what a pack says. */
  static Optional<SupersededPacks> of(StoredPack pack) {
    return Optional.ofNullable(pack.sidecars().get(Sidecar.SUPERSEDES))
        .or(() -> Optional.ofNullable(pack.sidecars().get(Sidecar.BAD_DELTAS)))
        .flatMap(SupersededPacks::read);
  }

  /** Whether a pack may say something. */
  static boolean mayBeNamedBy(Set<Sidecar> sidecars) {
    return sidecars.contains(Sidecar.SUPERSEDES) || sidecars.contains(Sidecar.BAD_DELTAS);
  }

  /** Reads such a file, whoever wrote it. One that cannot be read says nothing. */
  static Optional<SupersededPacks> read(FileStamp file) {
    if (file.bytes() < FIRST_LINE.length() || file.bytes() > MAX_BYTES) {
      return Optional.empty();
    }
    try (InputStream in = Files.newInputStream(file.path())) {
      // Most of those of others are empty, and none of them begins like ours.
      byte[] start = in.readNBytes(FIRST_LINE.length());
      if (!new String(start, StandardCharsets.UTF_8).equals(FIRST_LINE)) {
        return Optional.empty();
      }
      byte[] whole = Arrays.copyOf(start, (int) file.bytes());
      int rest = in.readNBytes(whole, start.length, whole.length - start.length);
      return parse(new String(whole, 0, start.length + rest, StandardCharsets.UTF_8));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * Removes such files that are about nobody any more: they would have to be read at each look. A pack without its index is somebody: it
   * may be hidden, because its deletion was cut off, and by the claim it is known what it comes back for.
   */
  static void sweep(PackDirectoryListing listing) throws IOException {
    Set<String> there = listing.packs().stream().map(StoredPack::name).collect(Collectors.toSet());
    listing.garbage().stream()
        .map(file -> file.stamp().name())
        .filter(name -> name.endsWith(DATA))
        .forEach(name -> there.add(name.substring(0, name.length() - DATA.length())));
    for (StoredPack pack : listing.packs()) {
      FileStamp file = pack.sidecars().get(Sidecar.SUPERSEDES);
      Optional<SupersededPacks> said = file == null ? Optional.empty() : read(file);
      if (file != null
          && said.isPresent()
          && said.get().all().stream().noneMatch(there::contains)
          && file.unchanged()) {
        Files.deleteIfExists(file.path());
      }
    }
  }
}
