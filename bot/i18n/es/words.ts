import type { words as english } from '../en/words.js';

export const words: Partial<Record<keyof typeof english, string>> = {
  'unit.unlimited': 'Ilimitado',
  'unit.bytes': '{count, plural, one {{number} byte} other {{number} bytes}}',
  'unit.kilobytes': '{number} KB',
  'unit.megabytes': '{number} MB',
  'unit.gigabytes': '{number} GB',
  'unit.terabytes': '{number} TB',
  'unit.sms': '{count, plural, one {{number} SMS} other {{number} SMS}}',
  'unit.call-minutes': '{number} min',
  'unit.clock-minutes': '{minutes} min',
  'unit.clock-hours': '{count, plural, one {{hours} h} other {{hours} h}}',
  'unit.clock-hours-minutes': '{count, plural, one {{hours} h {minutes} min} other {{hours} h {minutes} min}}',
  'unit.other': '{number} {unit}',
  'unit.days': '{count, plural, one {{number} día} other {{number} días}}',
  'unit.hours': '{count, plural, one {{number} hora} other {{number} horas}}',
  'unit.minutes': '{count, plural, one {{number} minuto} other {{number} minutos}}',
  'unit.seconds': '{count, plural, one {{number} segundo} other {{number} segundos}}',
  'unit.days-hours': '{days} y {hours}',
  'unit.hours-minutes': '{hours} y {minutes}',

  'quota.left': 'Quedan {remaining}',
  'quota.left-of': 'Quedan {remaining} de {quota}',
  'quota.data-time': '{time} de internet',
  'quota.unlimited-data': 'Datos ilimitados',
  'quota.unlimited-calls': 'Llamadas ilimitadas',
  'quota.unlimited-sms': 'SMS ilimitados',
  'quota.unlimited-other': '{unit} sin límite',

  'phrases.balance':
    'saldo|mi saldo|consultar saldo|cuánto me queda|cuánto tengo|cuántos datos|cuántos megas|mis datos|mis megas|datos restantes|mi plan|mis planes|consumo|mi consumo|crédito',
  'phrases.offers':
    'ofertas|oferta|promociones|promos|comprar|comprar datos|comprar megas|comprar paquete|paquetes|paquete|planes|ver planes|ver ofertas|más datos|más megas|quiero datos|qué puedo comprar',
  'phrases.help': 'ayuda|ayúdame|necesito ayuda|cómo funciona|qué puedes hacer|comandos|información',
  'phrases.settings': 'ajustes|configuración|preferencias|opciones|notificaciones|avisos|alertas|cambiar ajustes',
  'phrases.stop':
    'alto|parar|detener|darme de baja|dar de baja|baja|no más mensajes|no quiero mensajes|no me escribas|desactivar notificaciones',
  'phrases.cancel': 'cancelar|cancela|olvídalo|no gracias|mejor no|ahora no|déjalo',
  'phrases.back': 'atrás|volver|regresar|anterior',
  'phrases.person':
    'agente|asesor|una persona|persona|humano|hablar con alguien|hablar con una persona|hablar con un asesor|atención al cliente|servicio al cliente|soporte|llámame|operador',
  'phrases.language': 'idioma|cambiar idioma|idiomas|español|castellano|en español',
  'phrases.purchases': 'compras|mis compras|historial|recibos|recibo|pedidos|mis pedidos|qué compré|cobros',
  'phrases.top-up':
    'recarga|recargar|recargar saldo|hacer una recarga|quiero recargar|agregar saldo|poner saldo|cargar saldo',
  'phrases.menu':
    'menú|menú principal|inicio|empezar|comenzar|hola|buenas|buenos días|buenas tardes|buenas noches|qué tal',

  'engine.unknown': 'Perdón, no entendí. Puedes tocar un botón o escribir su número o sus palabras.',
  'engine.resume': 'Volvamos a donde estábamos:',
  'engine.expired': 'Eso ya no está abierto. Empecemos de nuevo desde aquí.',
  'engine.expired-offer': 'Esa oferta ya venció. Esto es lo que puedes obtener hoy.',
  'engine.cancelled': 'Listo, cancelado. No se compró nada.',
  'engine.apology': 'Perdón, algo falló de mi lado y no pude responderte. Inténtalo de nuevo, por favor.',
  'engine.nothing-open': 'No hay nada que cancelar ahora. ¿Qué quieres hacer?',

  'choice.balance': 'Mi saldo',
  'choice.offers': 'Ver ofertas',
  'choice.settings': 'Ajustes',
  'choice.help': 'Ayuda',
  'choice.menu': 'Menú',
  'choice.top-up': 'Cómo recargar',
  'choice.purchases': 'Mis compras',
  'choice.person': 'Hablar con alguien',
  'choice.nudges-on': 'Avísame a tiempo',
  'choice.nudges-off': 'Sin avisos, gracias',
  'choice.offer': '{name} · {price}',
  'choice.more-offers': 'Más ofertas',
  'choice.other-offers': 'Otras ofertas',
  'choice.buy-for': 'Comprar por {price}',
  'choice.borrow-for': 'Préstamo por {price}',
  'choice.confirm-pay': 'Pagar {price}',
  'choice.confirm-loan': 'Préstamo: {price}',
  'choice.back': 'Atrás',
  'choice.cancel': 'Cancelar',
  'choice.done': 'Listo',
  'choice.ask-someone': 'Pedir una recarga',
  'choice.continue': 'Continuar',
  'choice.send-request': 'Enviar la solicitud',

  'menu.text': '¿Qué quieres hacer?',

  'welcome.heading': 'Te damos la bienvenida a Refill',
  'welcome.text':
    'Puedo decirte cuánto te queda de tu plan, mostrarte ofertas a tu medida y comprar una por ti. Toca un botón o simplemente escribe.',

  'consent.question':
    '¿Puedo enviarte avisos aquí, por ejemplo antes de que se te acaben los datos o cuando llegue una recarga? Puedes elegir cuáles y detenerlos cuando quieras.',
  'consent.on':
    'Muy bien. Te avisaré antes de que se te acaben los datos. Escribe «baja» cuando ya no quieras más avisos.',
  'consent.off': 'De acuerdo, sin avisos. Puedes cambiarlo en Ajustes.',
  'consent.stopped': 'Listo. Ya no te enviaré avisos. Puedes seguir preguntándome lo que quieras.',

  'help.lead': 'Esto es lo que puedo hacer por ti:',
  'help.lost': 'Lo siento, sigo sin entender. Esto es lo que puedo hacer por ti:',
  'help.balance': 'Tu dinero, tus planes y lo que te queda de ellos',
  'help.offers': 'Lo que puedes comprar ahora y a qué precio',
  'help.purchases': 'Lo que compraste aquí y tus recibos',
  'help.settings': 'Tu idioma y los avisos que quieres recibir',
  'help.stop': 'Escribe «baja» para no recibir más avisos, o «cancelar» para dejar lo que estamos haciendo.',

  'person.text':
    'Todavía no puedo comunicarte aquí con una persona. Llama al servicio al cliente de tu operador; yo guardaré lo que hicimos aquí.',

  'settings.heading': 'Ajustes',
  'settings.language': 'Idioma',
  'settings.language-name': 'Español',
  'settings.nudges': 'Avisos',
  'settings.nudges-on':
    '{count, plural, =0 {Todos apagados} one {{count} de {all} activado} other {{count} de {all} activados}}',
  'settings.choose-language': '¿En qué idioma hablamos?',
  'settings.language-set': 'Muy bien, ahora hablamos español.',
  'settings.choose-nudges': 'Toca un aviso para activarlo o apagarlo:',
  'settings.type-on': '✓ {type}',
  'settings.type-off': '✗ {type}',
  'settings.kept': 'Listo. ¿Qué quieres hacer?',

  'language.en': 'English',
  'language.es': 'Español',
  'language.ur': 'اردو',

  'type.low-data': 'Quedan pocos datos',
  'type.out-of-data': 'Sin datos',
  'type.pay-as-you-go': 'Pago por MB',
  'type.pack-near-consumption': 'Plan casi agotado',
  'type.pack-consumed': 'Plan agotado',
  'type.pack-expired': 'Plan vencido',
  'type.pack-near-expiry': 'Plan por vencer',
  'type.low-monetary-balance': 'Poco saldo',
  'type.monetary-reload': 'Llegó la recarga',

  'channel.choose': 'Elegir',
  'channel.offers': 'Ofertas',
  'channel.more': 'Más',
  'channel.privately': 'Te respondí aquí, y solo tú puedes verlo.',
  'channel.working': 'Un momento …',
  'channel.answered-in-private': 'Te respondí en nuestro chat privado.',
  'channel.write-to-me': 'De tu línea solo hablo en privado. Agrégame como aplicación y escríbeme ahí.',
  'channel.choose-by-number': 'Escribe el número de lo que quieras.',

  'sandbox.persona':
    'Esto es una prueba: nadie ha vinculado tu número todavía, así que eres un cliente inventado con dinero inventado.',
};
