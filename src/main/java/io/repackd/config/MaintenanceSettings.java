package io.repackd.config;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How one repository is maintained.
 *
 * @param enabled whether it is scheduled at all
 * @param schedule when its cycles run
 * @param jitter by how much a cycle is put off at random, at most, so that repositories do not all start together
 * @param multiPackIndex the multi-pack-index
 * @param aggregate what is bundled between cycles and while a repack runs
 * @param expire which packs are deleted, and when
 * @param repack which packs are put together
 * @param safety what is refused
 */
public record MaintenanceSettings(
    boolean enabled,
    Schedule schedule,
    Duration jitter,
    MultiPackIndexSettings multiPackIndex,
    AggregateSettings aggregate,
    ExpireSettings expire,
    RepackSettings repack,
    SafetySettings safety) {
  /** The settings as a configuration writes them, each with its key, in the order of {@code reference.conf}. */
  public Map<String, String> asWritten() {
    Map<String, String> written = new LinkedHashMap<>();
    written.put("enabled", String.valueOf(enabled));
    written.put("schedule", schedule.toString());
    written.put("jitter", Quantity.text(jitter));
    written.put("multi-pack-index.enabled", String.valueOf(multiPackIndex.enabled()));
    written.put("aggregate.enabled", String.valueOf(aggregate.enabled()));
    written.put("aggregate.interval", Quantity.text(aggregate.interval()));
    written.put("aggregate.min-packs", String.valueOf(aggregate.minPacks()));
    written.put("aggregate.min-loose", String.valueOf(aggregate.minLoose()));
    written.put("aggregate.min-age", Quantity.text(aggregate.minAge()));
    written.put("aggregate.max-packs", String.valueOf(aggregate.maxPacks()));
    written.put("aggregate.max-loose", String.valueOf(aggregate.maxLoose()));
    written.put("aggregate.max-objects", String.valueOf(aggregate.maxObjects()));
    written.put("aggregate.max-bytes", Quantity.text(aggregate.maxBytes()));
    written.put("aggregate.promisor", String.valueOf(aggregate.promisor()));
    written.put("expire.enabled", String.valueOf(expire.enabled()));
    written.put("expire.min-age", Quantity.text(expire.minAge()));
    written.put("expire.min-age-unseen", Quantity.text(expire.minAgeUnseen()));
    written.put("repack.enabled", String.valueOf(repack.enabled()));
    written.put("repack.strategy", repack.strategy().toString());
    written.put("repack.batch-size", repack.batchSize().toString());
    written.put("repack.min-age", Quantity.text(repack.minAge()));
    written.put("repack.delta-search", repack.deltaSearch() ? "on" : "off");
    written.put("safety.foreign-owner", safety.allowForeignOwner() ? "allow" : "refuse");
    written.put("safety.disk-reserve", Quantity.text(safety.diskReserveBytes()));
    written.put("safety.dead-lock-age", Quantity.text(safety.staleLocks().dead()));
    written.put(
        "safety.unknown-lock-age",
        safety.staleLocks().unknown().map(Quantity::text).orElse("never"));
    return Collections.unmodifiableMap(written);
  }
}
