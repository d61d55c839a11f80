// Every view fits its window, wide and narrow, and has names for those who do not see it.
import assert from "node:assert/strict";
import { deskTest, EXAMPLE } from "./desk";
import { VIEWS } from "./views";

deskTest("every view fits, and everything in it has a name", async (desk) => {
  const run = desk.triage(EXAMPLE, "--ask", `Why is ${"x".repeat(400)} down?`);
  await desk.serve();
  for (const width of [360, 768, 1600]) {
    const page = await desk.enter({ viewport: { width, height: 800 } });
    for (const [name, address] of VIEWS(run)) {
      await page.goto(`${desk.base}/${address}`);
      await page.getByRole("main").waitFor();
      await page.waitForFunction(() => document.querySelector(".loading") === null);
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(beyond <= 0, `${name} at ${width}: ${beyond} pixels too wide`);

      const nameless = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>("a, button, input, select, textarea, [role=region], nav, aside")]
          .filter((element) => {
            const labels = "labels" in element ? (element as HTMLInputElement).labels : null;
            return !element.ariaLabel && !element.innerText.trim() && !element.textContent?.trim() && !labels?.length;
          })
          .map((element) => element.outerHTML.slice(0, 80)),
      );
      assert.deepEqual(nameless, [], `${name} at ${width}`);
      for (const landmark of ["banner", "navigation", "main", "search"] as const)
        assert.ok((await page.getByRole(landmark).count()) >= 1, `${name}: ${landmark}`);
      assert.equal(await page.locator("h1").count(), 1, `${name} has one heading above all`);
    }
  }
});

deskTest("on a narrow screen the evidence comes in front, and goes", async (desk) => {
  const run = desk.triage(EXAMPLE);
  await desk.serve();
  const page = await desk.enter({ viewport: { width: 360, height: 780 } });
  await page.goto(`${desk.base}/#/run/${run}`);
  await page.getByRole("button", { name: /^E002/ }).first().click();
  const evidence = page.getByRole("complementary", { name: "Evidence" });
  await evidence.getByText("ProvisioningFailed").first().waitFor();
  await page.keyboard.press("Escape");
  await evidence.waitFor({ state: "hidden" });
});

deskTest("an empty queue teaches what to do", async (desk) => {
  await desk.serve();
  const page = await desk.enter();
  await page.getByText("Nothing waits for you").waitFor();
  await page.getByText("carrel triage customer-123.tar.gz").waitFor();
});
