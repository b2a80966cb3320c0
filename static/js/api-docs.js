// Shows the API's schema with Swagger UI, and lets people try it with their own session.

const place = document.getElementById("api-docs");

function cookie(name) {
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

/** Adds what the API asks of a browser's writes; requests that leave this site never get it. */
function withCsrfToken(request) {
  if (new URL(request.url, location.href).origin === location.origin) {
    request.headers["X-CSRFToken"] = cookie("csrftoken");
  }
  return request;
}

window.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  presets: [window.SwaggerUIBundle.presets.apis],
  requestInterceptor: withCsrfToken,
  // No badge, whose picture comes from elsewhere.
  validatorUrl: null,
});
