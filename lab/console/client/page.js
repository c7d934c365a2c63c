// Functions for every view of the console.

export const element = (id) => document.getElementById(id);

const token = document.querySelector('meta[name="console-token"]').content;

/** Announces a text to screen readers. */
export function announce(text) {
  element("announcer").textContent = text;
}

/**
 * Sends JSON or a form with the page's token.
 * @returns the response's text
 * @throws Error with the server's message
 */
export async function post(path, body, signal) {
  const isForm = body instanceof FormData;
  const response = await fetch(path, {
    method: "POST",
    headers: { ...(!isForm && { "Content-Type": "application/json" }), "X-Console-Token": token },
    body: isForm ? body : JSON.stringify(body),
    signal,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(errorOf(text));
  return text;
}

function errorOf(text) {
  try {
    return JSON.parse(text).error;
  } catch {
    return text;
  }
}
