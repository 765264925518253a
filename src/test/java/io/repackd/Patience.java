package io.repackd;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Every test that waits for something may wait for a minute: a loaded machine takes its time. */
public final class Patience implements BeforeAllCallback {
  private static final Duration WAIT = Duration.ofMinutes(1);

  @Override
  public void beforeAll(ExtensionContext context) {
    Awaitility.setDefaultTimeout(WAIT);
  }
}
