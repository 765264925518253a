package io.repackd.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AllCoresTest {
  private static final int CORES = Runtime.getRuntime().availableProcessors();

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 1000})
  void doesEachPieceOnce(int pieces) throws Exception {
    AtomicIntegerArray done = new AtomicIntegerArray(pieces);
    AllCores.forEach(pieces, done::incrementAndGet);
    for (int i = 0; i < pieces; i++) {
      assertThat(done.get(i)).isEqualTo(1);
    }
  }

  /** Wherever it is called from, threads of the pool among them. */
  @Test
  void piecesMayHavePiecesOfTheirOwn() throws Exception {
    AtomicInteger done = new AtomicInteger();
    AllCores.forEach(10, _ -> AllCores.forEach(10, _ -> done.incrementAndGet()));
    assertThat(done).hasValue(100);
  }

  /** The others wait until one is about to fail, so that they are not all done by then. */
  @Test
  void passesOnWhatFailsAndBeginsNothingMore() {
    for (Throwable failure :
        List.of(new IOException("a"), new IllegalStateException("b"), new InternalError())) {
      AtomicInteger begun = new AtomicInteger();
      CountDownLatch failing = new CountDownLatch(1);
      assertThatThrownBy(() ->
              AllCores.forEach(
                  1 << 30,
                  i -> {
                    begun.incrementAndGet();
                    if (i == 0) {
                      failing.countDown();
                      fail(failure);
                    }
                    await(failing);
                  }))
          .isSameAs(failure);
      assertThat(begun.get()).isLessThan(1 << 30);
    }
  }

  private static void fail(Throwable failure) throws IOException {
    switch (failure) {
      case IOException io -> throw io;
      case RuntimeException runtime -> throw runtime;
      case Error error -> throw error;
      default -> throw new AssertionError(failure);
    }
  }

  @Test
  void noPieceIsUnderWayWhenItReturns() {
    AtomicInteger underWay = new AtomicInteger();
    CountDownLatch failed = new CountDownLatch(1);
    assertThatThrownBy(() ->
            AllCores.forEach(
                CORES * 4,
                i -> {
                  underWay.incrementAndGet();
                  try {
                    if (i == 0) {
                      failed.countDown();
                      throw new IOException("the first");
                    }
                    await(failed);
                    Thread.yield();
                  } finally {
                    underWay.decrementAndGet();
                  }
                }))
        .hasMessage("the first");
    assertThat(underWay).hasValue(0);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
