// Light, dark, or as the system has it. Kept in this browser.
import { useState } from "preact/hooks";

const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];
const KEY = "carrel-theme";

function kept(): Theme {
  return THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? "system";
}

function show(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

export function showKeptTheme(): void {
  show(kept());
}

export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState(kept);
  const next = () => {
    const following = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
    localStorage.setItem(KEY, following);
    show(following);
    setTheme(following);
  };
  return [theme, next];
}
