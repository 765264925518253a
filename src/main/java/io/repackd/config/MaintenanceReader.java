package io.repackd.config;

import java.time.Duration;

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

  private enum ForeignOwner {
    REFUSE,
    ALLOW
  }

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
        new ExpireSettings(expire.get("enabled", Form.BOOLEAN), expire.get("min-age", upTo(YEAR))),
        new RepackSettings(
            repack.get("enabled", Form.BOOLEAN),
            repack.get("batch-size", BATCH_SIZE),
            repack.get("min-age", upTo(DAY))),
        new SafetySettings(
            safety.get("foreign-owner", Form.oneOf(ForeignOwner.class)) == ForeignOwner.ALLOW,
            safety.get("disk-reserve", Form.bytes(0, MAX_RESERVE_BYTES))));
  }

  private static BatchSize batchSize(long bytes) {
    return bytes == 0 ? new BatchSize.Everything() : new BatchSize.Bytes(bytes);
  }

  private static Form<Duration> upTo(Duration most) {
    return Form.duration(Duration.ZERO, most);
  }
}
