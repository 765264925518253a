package io.repackd.config;

import io.repackd.objectdir.LockPatience;
import java.time.Duration;
import java.util.Optional;

/** Reads how a repository is maintained: the keys of the top level, or an entry's own over them. */
final class MaintenanceReader {
  private static final Duration DAY = Duration.ofDays(1);

  private static final Duration YEAR = Duration.ofDays(365);

  /** More than any disk has, and far from where adding overflows. */
  private static final long MAX_RESERVE_BYTES = 1L << 50;

  private static final Form<BatchSize> BATCH_SIZE =
      Form.bytes(0, Long.MAX_VALUE)
          .as(MaintenanceReader::batchSize)
          .orWord("auto", new BatchSize.Auto());

  private static final Duration MONTH = Duration.ofDays(30);

  private static final int MAX_AGGREGATED_PACKS = 100_000;

  private static final int MAX_AGGREGATED_LOOSE_OBJECTS = 10_000_000;

  private static final int MAX_AGGREGATED_OBJECTS = 1_000_000_000;

  private static final Form<Long> AGGREGATED_BYTES = Form.bytes(64L << 10, 1L << 40);

  private enum ForeignOwner {
    REFUSE,
    ALLOW
  }

  /** Less is less than a repack takes. */
  private static final Form<Optional<Duration>> UNKNOWN_LOCK_AGE =
      Form.duration(Duration.ofHours(1), YEAR).as(Optional::of).orWord("never", Optional.empty());

  private MaintenanceReader() {}

  static MaintenanceSettings read(Section settings) {
    Section multiPackIndex = settings.group("multi-pack-index");
    Section expire = settings.group("expire");
    Section repack = settings.group("repack");
    Section safety = settings.group("safety");
    return new MaintenanceSettings(
        settings.get("enabled", Form.BOOLEAN),
        settings.get("schedule", Form.SCHEDULE),
        settings.get("jitter", upTo(DAY)),
        new MultiPackIndexSettings(multiPackIndex.get("enabled", Form.BOOLEAN)),
        aggregate(settings.group("aggregate")),
        new ExpireSettings(
            expire.get("enabled", Form.BOOLEAN),
            expire.get("min-age", upTo(YEAR)),
            expire.get("min-age-unseen", upTo(YEAR))),
        new RepackSettings(
            repack.get("enabled", Form.BOOLEAN),
            repack.get("strategy", Form.oneOf(RepackStrategy.class)),
            repack.get("batch-size", BATCH_SIZE),
            repack.get("min-age", upTo(DAY)),
            repack.get("delta-search", Form.BOOLEAN)),
        new SafetySettings(
            safety.get("foreign-owner", Form.oneOf(ForeignOwner.class)) == ForeignOwner.ALLOW,
            safety.get("disk-reserve", Form.bytes(0, MAX_RESERVE_BYTES)),
            new LockPatience(
                safety.get("dead-lock-age", upTo(YEAR)),
                safety.get("unknown-lock-age", UNKNOWN_LOCK_AGE))));
  }

  private static AggregateSettings aggregate(Section aggregate) {
    AggregateSettings read =
        new AggregateSettings(
            aggregate.get("enabled", Form.BOOLEAN),
            aggregate.get("interval", Form.duration(Duration.ofSeconds(1), DAY)),
            aggregate.get("min-packs", Form.number(2, MAX_AGGREGATED_PACKS)),
            aggregate.get("min-loose", Form.number(1, MAX_AGGREGATED_LOOSE_OBJECTS)),
            aggregate.get("min-age", upTo(MONTH)),
            aggregate.get("max-packs", Form.number(2, MAX_AGGREGATED_PACKS)),
            aggregate.get("max-loose", Form.number(1, MAX_AGGREGATED_LOOSE_OBJECTS)),
            aggregate.get("max-objects", Form.number(1, MAX_AGGREGATED_OBJECTS)),
            aggregate.get("max-bytes", AGGREGATED_BYTES),
            aggregate.get("promisor", Form.BOOLEAN));
    atLeast(aggregate, "max-packs", read.maxPacks(), "min-packs", read.minPacks());
    atLeast(aggregate, "max-loose", read.maxLoose(), "min-loose", read.minLoose());
    return read;
  }

  /** With a most below the least nothing would ever be done, and nobody would know why. */
  private static void atLeast(Section group, String mostKey, int most, String leastKey, int least) {
    if (most >= least) {
      return;
    }
    if (group.contains(mostKey)) {
      group.complain(mostKey, most + " is less than " + leastKey + ", " + least);
    } else {
      group.complain(leastKey, least + " is more than " + mostKey + ", " + most);
    }
  }

  private static BatchSize batchSize(long bytes) {
    return bytes == 0 ? new BatchSize.Everything() : new BatchSize.Bytes(bytes);
  }

  private static Form<Duration> upTo(Duration most) {
    return Form.duration(Duration.ZERO, most);
  }
}
