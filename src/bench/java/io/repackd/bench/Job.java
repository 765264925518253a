package io.repackd.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** What both are asked to do. */
enum Job {
  /** Write the multi-pack-index where there is none. */
  WRITE("write"),

  /** Write it where it lists all packs but the ten newest. */
  ADD_10("write"),

  /** Write it where it lists all packs already. */
  UNCHANGED("write"),

  /** Verify it. */
  VERIFY("verify"),

  /** Delete the packs that own nothing. */
  EXPIRE("expire"),

  /** Bundle all packs into one. */
  AGGREGATE("aggregate"),

  /** Bundle the 316 newest packs. */
  AGGREGATE_316("aggregate"),

  /** Bundle the 100 newest packs. */
  AGGREGATE_100("aggregate"),

  /** Pack about 50,000 loose objects, and delete them. */
  LOOSE("loose");

  /** How many packs {@link #ADD_10} adds. */
  static final int ADDED_PACKS = 10;

  /** Nobody would want to have all of these in one pack. */
  private static final Pattern BEYOND_ONE_PACK = Pattern.compile("syn\\d{2,}m-.*");

  private final String verb;

  Job(String verb) {
    this.verb = verb;
  }

  /** How many of the newest packs are bundled. */
  int bundledPacks() {
    return switch (this) {
      case AGGREGATE_100 -> 100;
      case AGGREGATE_316 -> 316;
      default -> Integer.MAX_VALUE;
    };
  }

  /** Whether packs are bundled. */
  boolean bundles() {
    return verb.equals("aggregate");
  }

  /** Whether it is about a multi-pack-index, for which git has a command of the same name. */
  boolean isOfIndex() {
    return !bundles() && this != LOOSE;
  }

  /** The word for it: of {@code multi-pack-index}, where it is about that. */
  String verb() {
    return verb;
  }

  /** What it is called on the command line and in the table. */
  String label() {
    return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
  }

  /** The jobs that make sense with a sample: where packs can be expired, that is what it was made for. */
  static List<Job> of(String sample) {
    if (sample.endsWith("x")) {
      return List.of(EXPIRE);
    }
    List<Job> jobs = new ArrayList<>(List.of(WRITE, ADD_10, UNCHANGED, VERIFY));
    if (!BEYOND_ONE_PACK.matcher(sample).matches()) {
      jobs.add(AGGREGATE);
    }
    if (sample.equals("real-3000")) {
      jobs.addAll(List.of(AGGREGATE_316, AGGREGATE_100, LOOSE));
    }
    return jobs;
  }
}
